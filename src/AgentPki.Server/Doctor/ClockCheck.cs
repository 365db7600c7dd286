using AgentPki.Server.Home;

namespace AgentPki.Server.Doctor;

/// <summary>Whether the clock can be right: never before this build, the CA's own beginning or the last entry of the ledger.</summary>
internal static class ClockCheck
{
    // Clocks of a cluster differ by this much at most; the ledger's times are of this machine.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    internal static Finding Run(DoctorContext context, DateTimeOffset? lastEntry)
    {
        const string Remedy = "Set the clock (timedatectl set-ntp true): certificates with wrong times are refused by relying parties.";
        var now = context.Clock.GetUtcNow();
        var built = new DateTimeOffset(File.GetLastWriteTimeUtc(typeof(ClockCheck).Assembly.Location), TimeSpan.Zero);
        if (now < built - Tolerance)
        {
            return Finding.Fail("clock", $"{now:u} is before this program was built ({built:u})", Remedy);
        }

        if (lastEntry is { } last && now < last - Tolerance)
        {
            return Finding.Fail("clock", $"{now:u} is before the ledger's last entry ({last:u})", Remedy);
        }

        return Pem.TryReadCertificates(context.Home.ChainCertificates) is { } chain && chain.FirstOrDefault(c => now < c.NotBefore) is { } early
            ? Finding.Fail("clock", $"{now:u} is before the CA certificate of {early.Subject} begins ({early.NotBefore:u})", Remedy)
            : Finding.Ok("clock", $"{now:u}");
    }
}
