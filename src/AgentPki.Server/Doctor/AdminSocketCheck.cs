using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Doctor;

/// <summary>Whether the running appliance answers its administrator.</summary>
internal static class AdminSocketCheck
{
    internal static async Task<Finding> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        if (!context.Running)
        {
            return Finding.Ok("admin socket", "no appliance is running on this home");
        }

        try
        {
            using var admin = AdminConnection.WithoutCertificate(context.Home);
            var health = await admin.GetAsync("health", AdminJson.Default.HealthView, cancellationToken);
            return health.Healthy
                ? Finding.Ok("admin socket", $"answers; {string.Join(", ", health.Checks.Select(c => c.Name))} all right")
                : Finding.Fail("admin socket", string.Join("; ", health.Checks.Where(c => !c.Ok).Select(c => $"{c.Name}: {c.Detail}")), "Mend what it names; the appliance recovers without a restart.");
        }
        catch (CommandException error)
        {
            return Finding.Fail("admin socket", error.Message, "Another command may be working on this home; else restart the appliance.");
        }
    }
}
