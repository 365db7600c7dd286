using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Up;

/// <summary>Who says that the sample agent's chain is good: the machine's openssl, or where that does not know the algorithms our own verifier, and it is said which.</summary>
internal static class ChainJudge
{
    /// <summary>Another openssl than the one in the path: one that knows post-quantum algorithms, beside the system's.</summary>
    internal const string OpenSslVariable = "AGENTPKI_OPENSSL";

    /// <exception cref="CommandException">The chain is not accepted, or openssl is missing.</exception>
    internal static async Task<string> JudgeAsync(ApplianceHome home, Certificate leaf, Certificate root, CommandContext context, CancellationToken cancellationToken)
    {
        var program = context.Variable(OpenSslVariable) is { Length: > 0 } named ? named : "openssl";
        var chain = Pem.TryReadCertificates(home.ChainCertificates) ?? [];
        var algorithms = chain.Append(leaf).Select(c => c.PublicKey.Algorithm).Distinct().ToList();
        var unknown = await UnknownAsync(program, algorithms, cancellationToken);

        // Both signatures are demanded where every CA makes both.
        var pairs = chain.Append(root).Count(c => c.AlternativePublicKey is not null);
        var policy = pairs > chain.Count ? AlternativeSignaturePolicy.Required : AlternativeSignaturePolicy.WhenPresent;
        if (unknown is null)
        {
            var verdict = await AskOpenSslAsync(program, home, cancellationToken);
            return pairs == 0
                ? verdict
                : $"{verdict}; {(policy == AlternativeSignaturePolicy.Required ? "both signatures" : "second signatures, where there are any,")} {VerifyOurselves(leaf, chain, root, context, policy)}: OK (openssl looks at the first alone)";
        }

        return $"{VerifyOurselves(leaf, chain, root, context, policy)}: {home.SampleCertificate}: OK ({unknown})";
    }

    private static string VerifyOurselves(Certificate leaf, IReadOnlyList<Certificate> chain, Certificate root, CommandContext context, AlternativeSignaturePolicy policy) =>
        new ChainVerifier([root], ProviderList.SoftwareOnly, context.Clock, policy).Verify(leaf, chain, X509.Oids.ClientAuth) is ChainResult.Invalid broken
            ? throw new CommandException(ExitCodes.CheckFailed, $"The sample agent's chain does not verify: {broken.Detail}", "Type 'agentpki doctor'.")
            : "by agentpki's own verifier";

    private static async Task<string> AskOpenSslAsync(string program, ApplianceHome home, CancellationToken cancellationToken)
    {
        var outcome = await ForeignProgram.RunAsync(
            program, ["verify", "-x509_strict", "-CAfile", home.RootCertificate, "-untrusted", home.ChainCertificates, home.SampleCertificate], cancellationToken)
            ?? throw new CommandException(ExitCodes.Environment, "The program openssl is missing.", "Type: sudo apt-get install -y openssl");
        return outcome.ExitCode == 0
            ? $"openssl verify: {outcome.Text}"
            : throw new CommandException(ExitCodes.CheckFailed, $"openssl does not accept the sample agent's chain: {outcome.Text.ReplaceLineEndings(" ")}", "Type 'agentpki doctor'.");
    }

    /// <summary>Why openssl cannot judge, with the remedy where there is one; null when it can.</summary>
    private static async Task<string?> UnknownAsync(string program, IReadOnlyList<KeyAlgorithm> algorithms, CancellationToken cancellationToken)
    {
        if (algorithms.FirstOrDefault(a => a.Composite is not null) is { } composite)
        {
            return $"no openssl knows {composite}";
        }

        if (algorithms.FirstOrDefault(a => a.IsQuantumSafe) is not { } quantumSafe || await ForeignProgram.RunAsync(program, ["list", "-signature-algorithms"], cancellationToken) is not { ExitCode: 0 } listed)
        {
            return null;
        }

        return listed.Text.Contains("ML-DSA-65", StringComparison.OrdinalIgnoreCase)
            ? null
            : $"this machine's openssl does not know {quantumSafe}; 3.5 or later does: Debian 13 has it, and {OpenSslVariable}=PROGRAM names one beside the system's";
    }
}
