using AgentPki.Client.Verification;
using AgentPki.Server.Algorithms;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Doctor;

/// <summary>Every check, from the folder to the wire; none changes anything but the token's own probe key, and CA keys sign a probe's sentence alone.</summary>
internal static class Examination
{
    internal static async Task<IReadOnlyList<Finding>> RunAsync(CommandContext command, CancellationToken cancellationToken)
    {
        var home = command.Home();
        if (!Directory.Exists(home.Root))
        {
            return [Finding.Fail("home", $"there is no appliance in {home.Root}", $"Type 'agentpki up' to make one, or name its home with {CommandContext.HomeVariable}=FOLDER.")];
        }

        ApplianceOptions options;
        try
        {
            options = ConfigurationReader.Load(home, command.Variable);
        }
        catch (CommandException error)
        {
            return [Finding.Fail("configuration", error.Message, error.Remedy)];
        }

        var context = new DoctorContext(home, options, command.Clock, command.Variable, HomeLock.IsTaken(home));
        var database = await DatabaseChecks.RunAsync(context, cancellationToken);
        return
        [
            .. HomeChecks.Run(context),
            Finding.Ok("configuration", $"{home.ConfigurationFile}{(options.Development ? ", development" : "")}"),
            ProfileCheck.Run(context),
            ClockCheck.Run(context, database.LastEntry),
            Finding.Ok("software", SoftwareFamilies.Describe(ProviderList.SoftwareOnly)),
            Finding.Ok("tls platform", TlsPlatform.Describe()),
            .. await TokenChecks.RunAsync(context, cancellationToken),
            .. database.Findings,
            .. await AuthorityKeyChecks.RunAsync(context, database.Authorities, cancellationToken),
            .. await MirrorChecks.RunAsync(context, database.Authorities, cancellationToken),
            .. CertificateChecks.Run(context, (leaf, rest, root) => VerifyChain(leaf, rest, root, context.Clock)),
            .. await NetworkChecks.RunAsync(context, cancellationToken),
            await AdminSocketCheck.RunAsync(context, cancellationToken),
        ];
    }

    private static string? VerifyChain(Certificate leaf, IReadOnlyList<Certificate> rest, Certificate root, TimeProvider clock) =>
        new ChainVerifier([root], ProviderList.SoftwareOnly, clock).Verify(leaf, rest, X509.Oids.ServerAuth) is ChainResult.Invalid broken ? broken.Detail : null;
}
