using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Delegation;
using AgentPki.Client.Est;
using AgentPki.Server.Composition;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Cryptography.Providers;
using AgentPki.Server.Home;
using AgentPki.X509;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki delegate</c>: an agent has a child. It needs no home: it runs where the agent does.</summary>
internal static class DelegateCommand
{
    internal static Command Create(CommandContext context)
    {
        var server = new Option<string>("--server") { Description = "Where the appliance is: https://host:port.", Required = true };
        var anchors = new Option<string>("--anchors") { Description = "PEM file with the roots that the appliance's TLS certificate chains to.", Required = true };
        var certificate = new Option<string>("--certificate") { Description = "PEM file with the parent's certificate (and its chain).", Required = true };
        var key = new Option<string>("--key") { Description = "PEM file with the parent's key (PKCS#8).", Required = true };
        var child = new Option<string>("--child") { Description = "The child's SPIFFE ID, or its path, or what follows the parent's own name: worker.", Required = true };
        var policy = new Option<string>("--policy") { Description = "JSON file with what the child may do at most (docs/agent-policy.md); it has to end (not_after).", Required = true };
        var label = new Option<string?>("--label") { Description = "The profile's EST label for the child's certificate." };
        var to = new Option<string>("--to") { Description = "Folder for the child's certificate, key and bundle of grants.", Required = true };
        return new Verb("delegate", "Makes a child of an agent: signs a grant with the agent's own key, and enrols the child with it. The child has less than its parent, and anybody can see that: 'agentpki inspect'.",
            "agentpki delegate --server https://pki.example:8443 --anchors roots.pem --certificate boss.pem --key boss.key --child worker --policy worker.json --to worker/")
            .With(server, anchors, certificate, key, child, policy, label, to)
            .Runs((parsed, cancellationToken) => RunAsync(
                context,
                new Wanted(
                    ServerOf(parsed.GetRequiredValue(server)), parsed.GetRequiredValue(anchors), parsed.GetRequiredValue(certificate), parsed.GetRequiredValue(key), parsed.GetRequiredValue(child), parsed.GetRequiredValue(policy), parsed.GetValue(label),
                    Path.GetFullPath(parsed.GetRequiredValue(to), context.WorkingFolder)),
                cancellationToken));
    }

    private sealed record Wanted(Uri Server, string Anchors, string Certificate, string Key, string Child, string Policy, string? Label, string To);

    private static async Task<int> RunAsync(CommandContext context, Wanted wanted, CancellationToken cancellationToken)
    {
        var policy = ReadPolicy(Path.GetFullPath(wanted.Policy, context.WorkingFolder));
        var chain = ReadCertificates(context, wanted.Certificate);
        var anchors = ReadCertificates(context, wanted.Anchors);
        if (chain[0].SpiffeId is not { } parent)
        {
            throw new CommandException(ExitCodes.Usage, $"The certificate in {wanted.Certificate} names no agent.", "Name the file with the agent's own certificate first.");
        }

        var child = ChildOf(parent, wanted.Child);
        await using var parentKey = ReadKey(context, wanted.Key);
        using var identity = Load(context, wanted);
        var options = new EstClientOptions(wanted.Server, anchors, wanted.Label, ClientCertificate: identity);
        try
        {
            var born = await BearAsync(options, chain, parentKey, child, policy, context.Clock, cancellationToken);
            await using var childKey = born.Key;
            born.Write(wanted.To);
            Output.Facts(
                context.Terminal,
                ("child", child.ToString()),
                ("of", parent.ToString()),
                ("may", policy.Scopes.ToString()),
                ("certificate", $"{Path.Combine(wanted.To, "agent.pem")}, until {Output.Time(born.Certificate.NotAfter)}"),
                ("grants", Path.Combine(wanted.To, "grants.json")));
            return ExitCodes.Success;
        }
        catch (DelegationException refused)
        {
            throw new CommandException(refused.Status is null && refused.InnerException is not null ? ExitCodes.Environment : ExitCodes.Refused, refused.Message, "docs/delegation.md says what a child may have.", refused);
        }
        catch (EstProtocolException refused)
        {
            throw new CommandException(ExitCodes.Environment, refused.Message, "Look at --server and --anchors.", refused);
        }
    }

    /// <summary>A child that has its first certificate; its key is the caller's to dispose.</summary>
    /// <param name="Chain">What came with its parent's certificate.</param>
    internal sealed record Born(Certificate Certificate, SoftwareSigningKey Key, GrantBundle Bundle, IReadOnlyList<Certificate> Chain)
    {
        /// <summary><c>agent.key</c>, <c>agent.pem</c> and <c>grants.json</c>.</summary>
        internal void Write(string folder)
        {
            Directory.CreateDirectory(folder);
            PrivateFile.Write(Path.Combine(folder, "agent.key"), Pem.EncodeKey(Key.ExportPkcs8()));
            PrivateFile.Write(Path.Combine(folder, "agent.pem"), Pem.Encode([Certificate, .. Chain]));
            PrivateFile.Write(Path.Combine(folder, "grants.json"), Bundle.ToJson());
        }
    }

    /// <summary>Makes the child's key, grants, and enrols with it.</summary>
    /// <param name="chain">The parent's certificate first.</param>
    /// <exception cref="DelegationException">Not granted.</exception>
    /// <exception cref="EstProtocolException">No usable answer.</exception>
    /// <exception cref="CommandException">Granted and not enrolled.</exception>
    internal static async Task<Born> BearAsync(
        EstClientOptions options, IReadOnlyList<Certificate> chain, SoftwareSigningKey parentKey, SpiffeId child, AgentPolicy policy, TimeProvider clock, CancellationToken cancellationToken)
    {
        // The child's key is made first: the grant names it, so that nobody else is enrolled with it.
        var childKey = await MakeKeyAsync(cancellationToken);
        try
        {
            GrantBundle bundle;
            using (var delegation = new DelegationClient(options, chain[0], parentKey, clock))
            {
                bundle = await delegation.GrantAsync(child, policy, System.Buffers.Text.Base64Url.DecodeFromChars(Jwk.Of(childKey.PublicKey).Thumbprint()), cancellationToken);
            }

            using var est = new EstClient(options, clock);
            var name = child.Path.Split('/')[^1];
            var request = await Pkcs10Request.CreateAsync(X500Name.Create((Oids.CommonName, name)), [new GeneralName.Uri(child.ToString())], childKey, new Pkcs10Options(), cancellationToken);
            var issued = await est.EnrollAsync(request, cancellationToken) switch
            {
                EstEnrollment.Issued(var certificate) => certificate,
                EstEnrollment.Refused(_, var detail, _) => throw new CommandException(ExitCodes.Refused, $"The child is granted and was not enrolled: {detail.Trim()}", "Have the profile let agents enrol others (authentication: certificate: spawn), and grant again."),
                _ => throw new CommandException(ExitCodes.Refused, "The child is granted, and its enrolment waits for a person.", "Take a profile without an approval for children."),
            };
            return new Born(issued, childKey, bundle, [.. chain.Skip(1)]);
        }
        catch
        {
            await childKey.DisposeAsync();
            throw;
        }
    }

    private static Uri ServerOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps
        ? url
        : throw new CommandException(ExitCodes.Usage, $"'{text}' is no https:// address.", "Name the appliance like https://pki.example:8443.");

    private static AgentPolicy ReadPolicy(string file)
    {
        string error;
        try
        {
            if (AgentPolicyJson.TryParse(File.ReadAllText(file), out var policy, out var wrong))
            {
                return policy;
            }

            error = wrong;
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            error = unread.Message;
        }

        throw new CommandException(ExitCodes.Usage, $"The policy {file} cannot be used: {error}", "docs/agent-policy.md has an example.");
    }

    private static SpiffeId ChildOf(SpiffeId parent, string text)
    {
        var full = SpiffeId.HasScheme(text) ? text : text.StartsWith('/') ? $"spiffe://{parent.TrustDomain}{text}" : $"{parent}/{text}";
        return SpiffeId.TryParse(full, out var id, out var error) ? id : throw new CommandException(ExitCodes.Usage, $"{full} is no SPIFFE ID: {error}.", "Name the child like 'worker'.");
    }

    private static IReadOnlyList<Certificate> ReadCertificates(CommandContext context, string file) =>
        Pem.TryReadCertificates(Path.GetFullPath(file, context.WorkingFolder)) ?? throw new CommandException(ExitCodes.Usage, $"{file} holds no certificates.", "Name a PEM file.");

    private static SoftwareSigningKey ReadKey(CommandContext context, string file)
    {
        var pkcs8 = Pem.TryReadKey(Path.GetFullPath(file, context.WorkingFolder)) ?? throw new CommandException(ExitCodes.Usage, $"{file} holds no key.", "Name a PEM file with a PKCS#8 key ('PRIVATE KEY').");
        try
        {
            return SoftwareKeys.ImportSigningKey("agent", KeyPurpose.Subject, pkcs8);
        }
        catch (Exception error) when (error is CryptographicException or NotSupportedException or ArgumentException)
        {
            throw new CommandException(ExitCodes.Usage, $"The key in {file} cannot be used: {error.Message}", "Name the agent's own signing key.", error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    private static X509Certificate2 Load(CommandContext context, Wanted wanted)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(Path.GetFullPath(wanted.Certificate, context.WorkingFolder), Path.GetFullPath(wanted.Key, context.WorkingFolder));
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new CommandException(ExitCodes.Usage, $"Certificate and key do not go together, or TLS cannot use them: {error.Message}", "Name the certificate and the key of one agent.", error);
        }
    }

    private static async Task<SoftwareSigningKey> MakeKeyAsync(CancellationToken cancellationToken)
    {
        var provider = ProviderList.SoftwareOnly.For(KeyAlgorithm.EcdsaP256, KeyCapabilities.Generate) ?? throw new InvalidOperationException("nothing here makes P-256 keys");
        return (SoftwareSigningKey)await provider.GenerateAsync(new KeySpec("child", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), cancellationToken);
    }
}
