using System.CommandLine;
using AgentPki.Client.Delegation;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.X509;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki inspect</c>: what an agent's certificate says of it, and whether the grants above it hold. It needs no home and asks nobody.</summary>
internal static class InspectCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Argument<string>("file") { Description = "PEM file; its first certificate is looked at." };
        var json = new Option<bool>("--json") { Description = "The policy alone, as JSON." };
        var grants = new Option<string?>("--grants") { Description = "The bundle that came with it (grants.json): verifies that the agent has less than all of its ancestors." };
        var anchors = new Option<string?>("--anchors") { Description = "PEM file with the trust anchors, for --grants." };
        var key = new Option<string?>("--ledger-key") { Description = "The ledger's key, as the first line of 'agentpki audit key' has it, or a file with that: demands that each grant stands in the ledger." };
        var oid = new Option<string>("--oid") { Description = "The policy extension's object identifier, where the appliance has another.", DefaultValueFactory = _ => AgentPolicyDer.DefaultOid };
        return new Verb("inspect", "Shows what an agent may do at most, as its certificate says, and verifies the grants above it. Offline.",
            "agentpki inspect agent.pem",
            "agentpki inspect agent.pem --json",
            "agentpki inspect worker/agent.pem --grants worker/grants.json --anchors roots.pem")
            .With(file, json, grants, anchors, key, oid)
            .Runs((parsed, _) => Task.FromResult(Run(
                context, parsed.GetRequiredValue(file), parsed.GetValue(json), parsed.GetValue(grants), parsed.GetValue(anchors), parsed.GetValue(key), parsed.GetRequiredValue(oid))));
    }

    private static int Run(CommandContext context, string file, bool json, string? grants, string? anchors, string? key, string oid)
    {
        var certificates = Read(context, file);
        var certificate = certificates[0];
        var policy = PolicyOf(certificate, oid);
        if (json)
        {
            context.Terminal.Raw((policy ?? throw new CommandException(ExitCodes.CheckFailed, "The certificate carries no agent policy.", "Agents with a policy in the registry have one from their next renewal on.")).ToJson());
            return ExitCodes.Success;
        }

        Output.Facts(
            context.Terminal,
            ("agent", certificate.SpiffeId?.ToString() ?? "(none named)"),
            ("subject", certificate.Subject.ToString()),
            ("issuer", certificate.Issuer.ToString()),
            ("serial", certificate.SerialHex),
            ("valid", $"{Output.Time(certificate.NotBefore)} to {Output.Time(certificate.NotAfter)}"),
            ("key", certificate.PublicKey.Algorithm.ToString()),
            ("SHA-256", Convert.ToHexStringLower(certificate.Fingerprint())));
        context.Terminal.Line();
        if (policy is null)
        {
            context.Terminal.Line("It carries no agent policy: the certificate bounds nothing.");
        }
        else
        {
            Output.Facts(context.Terminal, [.. Describe(policy)]);
        }

        return grants is null ? ExitCodes.Success : Verify(context, certificate, certificates, grants, anchors, key, oid);
    }

    private static int Verify(CommandContext context, Certificate certificate, IReadOnlyList<Certificate> certificates, string grants, string? anchors, string? key, string oid)
    {
        if (anchors is null)
        {
            throw new CommandException(ExitCodes.Usage, "Grants are verified against trust anchors.", "Name them: --anchors roots.pem.");
        }

        if (!GrantBundle.TryParse(File.ReadAllText(Path.GetFullPath(grants, context.WorkingFolder)), out var bundle, out var error))
        {
            throw new CommandException(ExitCodes.Usage, $"{grants} cannot be read: {error}", "Name the file that 'agentpki delegate' wrote.");
        }

        var providers = ProviderList.SoftwareOnly;
        var ledger = key is null ? null : LedgerOf(context, key, providers);
        var whole = bundle with { Intermediates = [.. bundle.Intermediates, .. certificates.Skip(1)] };
        context.Terminal.Line();
        switch (new DelegationVerifier(Read(context, anchors), providers, context.Clock, ledger, oid).Verify(certificate, whole))
        {
            case DelegationResult.Valid(_, var ancestors):
                foreach (var ancestor in ancestors)
                {
                    context.Terminal.Line($"within {ancestor.Certificate.SpiffeId}, granted {Output.Time(ancestor.Grant.Statement.IssuedAt)}{(ancestor.LedgerIndex is { } index ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $", ledger entry {index}") : "")}");
                }

                context.Terminal.Line(ancestors.Count == 0 ? "It is nobody's child." : "Every grant holds: it has less than each of its ancestors.");
                return ExitCodes.Success;
            case DelegationResult.Invalid(var generation, var reason):
                context.Terminal.Fail($"The grants do not hold, {(generation == 0 ? "at the agent itself" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{generation} above it"))}: {reason}.", "Do not trust what it says it may.");
                return ExitCodes.CheckFailed;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static InclusionVerifier LedgerOf(CommandContext context, string text, CryptoProviders providers)
    {
        var file = Path.GetFullPath(text, context.WorkingFolder);
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault() ?? "" : text;
        return NoteKey.TryParse(line.Trim(), out var key)
            ? new InclusionVerifier(key.PublicKey, key.Name, providers)
            : throw new CommandException(ExitCodes.Usage, "The ledger's key cannot be read.", "Take the first line of 'agentpki audit key'.");
    }

    private static IEnumerable<(string Name, string Value)> Describe(AgentPolicy policy)
    {
        yield return ("may", policy.Scopes.Scopes.IsEmpty ? "nothing" : string.Join("\n              ", policy.Scopes.Scopes));
        if (policy.NotBefore is { } begin)
        {
            yield return ("from", Output.Time(begin));
        }

        if (policy.NotAfter is { } end)
        {
            yield return ("until", Output.Time(end));
        }

        if (policy.Weekly is { } weekly)
        {
            yield return ("hours (UTC)", weekly.ToString());
        }

        foreach (var (name, value) in new[] { ("networks", policy.Networks?.ToString()), ("environments", policy.Environments?.ToString()), ("data classes", policy.DataClasses?.ToString()), ("obligations", policy.Obligations.IsEmpty ? null : policy.Obligations.ToString()) })
        {
            if (value is not null)
            {
                yield return (name, value.Length > 0 ? value : "none");
            }
        }

        yield return ("delegates", policy.DelegationDepth == 0 ? "no" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{policy.DelegationDepth} generations"));
        if (policy.MaximumLifetime is { } lifetime)
        {
            yield return ("lifetime", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{lifetime.TotalSeconds:0} s a certificate"));
        }

        if (!policy.Budget.Amounts.IsEmpty)
        {
            yield return ("budget", policy.Budget.ToString());
        }

        if (policy.Parent is { } parent)
        {
            yield return ("child of", $"{parent.Agent} by grant {Convert.ToHexStringLower(parent.Grant.Span)}");
        }
    }

    private static AgentPolicy? PolicyOf(Certificate certificate, string oid)
    {
        try
        {
            return certificate.FindExtension(oid) is { } extension ? AgentPolicyDer.Parse(extension.Value) : null;
        }
        catch (MalformedDataException error)
        {
            throw new CommandException(ExitCodes.CheckFailed, $"The certificate's agent policy cannot be read: {error.Message}", "Nothing of it is to be believed.", error);
        }
    }

    private static IReadOnlyList<Certificate> Read(CommandContext context, string file) =>
        Pem.TryReadCertificates(Path.GetFullPath(file, context.WorkingFolder)) ?? throw new CommandException(ExitCodes.Usage, $"{file} holds no certificate.", "Name a PEM file.");
}
