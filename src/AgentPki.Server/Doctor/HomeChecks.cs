using System.Globalization;
using AgentPki.Server.Home;

namespace AgentPki.Server.Doctor;

/// <summary>Owner, permissions and disk space of the home folder.</summary>
internal static class HomeChecks
{
    private const UnixFileMode OthersMask = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    private const long LowBytes = 1L << 30;
    private const long EmptyBytes = 64L << 20;

    internal static IEnumerable<Finding> Run(DoctorContext context)
    {
        yield return Owner(context.Home);
        yield return Permissions(context.Home);
        yield return Disk(context.Home);
    }

    private static Finding Owner(ApplianceHome home)
    {
        var (owner, self) = (HomeFolder.OwnerOf(home.Root), NativeMethods.EffectiveUser());
        return owner == self
            ? Finding.Ok("home", home.Root)
            : Finding.Fail("home", $"{home.Root} belongs to uid {owner}, this is uid {self}", "Run agentpki as the user the home belongs to.");
    }

    private static Finding Permissions(ApplianceHome home)
    {
        var open = new List<string>();
        if ((File.GetUnixFileMode(home.Root) & OthersMask) != 0)
        {
            open.Add(home.Root);
        }

        open.AddRange(new[] { home.UserPin, home.OfficerPin, home.TlsKey, home.DevelopmentToken, home.SampleKey, home.Database, home.AdminSocket }
            .Where(f => File.Exists(f) && PrivateFile.IsOpenToOthers(f)));
        return open.Count == 0
            ? Finding.Ok("permissions", "the folder and its secrets are readable by their owner alone")
            : Finding.Fail("permissions", $"open to other users: {string.Join(", ", open)}", $"Type: chmod go-rwx {string.Join(' ', open)}");
    }

    private static Finding Disk(ApplianceHome home)
    {
        var free = new DriveInfo(home.Root).AvailableFreeSpace;
        var detail = string.Create(CultureInfo.InvariantCulture, $"{free / (1 << 20)} MiB free");
        return free switch
        {
            < EmptyBytes => Finding.Fail("disk", detail, "Free some space: without it nothing can be issued."),
            < LowBytes => Finding.Warn("disk", detail, "Free some space soon; a million certificates take about 2 GiB."),
            _ => Finding.Ok("disk", detail),
        };
    }
}
