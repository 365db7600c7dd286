using System.Globalization;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;

namespace AgentPki.Server.Doctor;

/// <summary>Whether there is somebody who can administer, and a second person; whether the profiles are those that were approved.</summary>
internal static class AdministratorChecks
{
    private const string Check = "administrators";
    private static readonly TimeSpan Soon = TimeSpan.FromDays(7);

    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, IGovernanceStore governance, ICertificateStore certificates, CancellationToken cancellationToken)
    {
        var approved = await governance.ListApprovedFilesAsync(cancellationToken);
        var differences = context.Options.Development ? [] : ApprovedFiles.Differences(approved, ProfileFiles.ReadAll(context.Home));
        IEnumerable<Finding> profiles = differences.Count == 0 ? [] :
            [Finding.Fail("approved profiles", string.Join("; ", differences), "Put back what was approved with 'agentpki profile restore'; ask for a change with 'agentpki profile apply FILE'.")];
        var socket = !context.Options.Development ? "" : context.Options.Governance.FourEyes ? "development: whoever may open the socket acts as all roles; " : "development: whoever may open the socket acts as all roles, with no second person; ";
        var able = new List<(AdministratorRecord Who, DateTimeOffset Until)>();
        var now = context.Clock.GetUtcNow();
        foreach (var administrator in (await governance.ListAdministratorsAsync(cancellationToken)).Where(a => a.State == AdministratorState.Active))
        {
            if (await CanLogInUntilAsync(context, administrator, certificates, now, cancellationToken) is { } until)
            {
                able.Add((administrator, until));
            }
        }

        return [Judge(context, socket, able, now), .. profiles];
    }

    private static Finding Judge(DoctorContext context, string socket, IReadOnlyList<(AdministratorRecord Who, DateTimeOffset Until)> able, DateTimeOffset now)
    {
        var list = socket + (able.Count == 0 ? "no administrator can log in" : string.Join(", ", able.Select(a => string.Create(CultureInfo.InvariantCulture, $"{a.Who.Name} ({AdminRoles.Words(a.Who.Roles)}) until {a.Until:yyyy-MM-dd}"))));
        if (able.Count == 0)
        {
            return context.Options.Development
                ? Finding.Ok(Check, list)
                : Finding.Fail(Check, list, "Stop the appliance and make the first ones: 'agentpki admin bootstrap alice=alice.csr bob=bob.csr --role officer'.");
        }

        if (able.Count(a => a.Who.Roles.Contains(AdminRole.Officer)) < AdministratorService.FewestOfficers)
        {
            return Finding.Warn(Check, list, "Fewer than two officers can log in, so what one asks for nobody can approve: add an officer, or renew his certificate, while it can be done.");
        }

        return able.FirstOrDefault(a => a.Until - now < Soon) is { Who: { } ending }
            ? Finding.Warn(Check, list, $"The certificate of {ending.Name} ends soon: he asks for another with 'agentpki admin renew {ending.Name}.csr'.")
            : Finding.Ok(Check, list);
    }

    private static async Task<DateTimeOffset?> CanLogInUntilAsync(DoctorContext context, AdministratorRecord administrator, ICertificateStore certificates, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var names = ProfileNames(context);
        var until = new List<DateTimeOffset>();
        foreach (var key in administrator.Keys)
        {
            until.AddRange((await certificates.ListByKeyAsync(Convert.FromHexString(key), 100, cancellationToken))
                .Where(c => c.Status is CertificateStatus.Good && c.Certificate.AgentId is null && names.Contains(c.Certificate.Profile) && c.Certificate.NotBefore <= now && c.Certificate.NotAfter >= now)
                .Select(c => c.Certificate.NotAfter));
        }

        return until.Count == 0 ? null : until.Max();
    }

    private static IReadOnlyList<string> ProfileNames(DoctorContext context)
    {
        try
        {
            return [.. ProfileFiles.Load(context.Home).All.Where(p => p.Use == ProfileUse.Administrator).Select(p => p.Name)];
        }
        catch (CommandException)
        {
            return []; // the check of the profiles says why
        }
    }
}
