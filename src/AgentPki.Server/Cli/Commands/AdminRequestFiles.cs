using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Governance;
using AgentPki.Server.Home;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki admin request NAME</c>: a key and a certificate request; needs no appliance.</summary>
internal static class AdminRequestFiles
{
    // OWASP's recommendation for PBKDF2 with HMAC-SHA-256.
    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 600_000);

    internal static Verb Create(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = $"Your name as an administrator: {AdministratorName.Rule["a name is ".Length..]}." };
        var open = new Option<bool>("--no-passphrase") { Description = "Write the key as it is: for machines and tests." };
        var key = new Option<string?>("--key") { Description = "A key in PEM that is there already; without it one is made (ECDSA P-256)." };
        return new Verb("request", "Makes a key and a certificate request, in NAME.key and NAME.csr here. The key stays with you; the request goes to an officer.", "agentpki admin request alice", "agentpki admin request alice --key alice.key")
            .With(name, open, key)
            .Runs((parsed, _) => Task.FromResult(Make(context, parsed.GetRequiredValue(name), parsed.GetValue(open), parsed.GetValue(key))));
    }

    private static int Make(CommandContext context, string name, bool open, string? existing)
    {
        if (!AdministratorName.TryParse(name, out _))
        {
            throw new CommandException(ExitCodes.Usage, $"'{name}' is no administrator's name.", $"{char.ToUpperInvariant(AdministratorName.Rule[0])}{AdministratorName.Rule[1..]}.");
        }

        var (keyFile, requestFile) = (Path.Combine(context.WorkingFolder, name + ".key"), Path.Combine(context.WorkingFolder, name + ".csr"));
        using var key = existing is null ? New(context, keyFile, open) : Read(context, existing);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        PrivateFile.Write(requestFile, request + "\n");
        context.Terminal.Line(existing is null ? $"Wrote {name}.key (keep it) and {name}.csr (give it to an officer)." : $"Wrote {name}.csr (give it to an officer).");
        context.Terminal.Line($"SHA-256 of the public key, to be read to him: {Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))}");
        return ExitCodes.Success;
    }

    private static ECDsa New(CommandContext context, string file, bool open)
    {
        if (File.Exists(file))
        {
            throw new CommandException(ExitCodes.Usage, $"{file} is there already.", "Use it with --key, or move it away: keys are not written over.");
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        PrivateFile.Write(file, (open ? key.ExportPkcs8PrivateKeyPem() : key.ExportEncryptedPkcs8PrivateKeyPem(NewPassphrase(context), Encryption)) + "\n");
        return key;
    }

    private static ECDsa Read(CommandContext context, string file)
    {
        var pem = AdminCommand.ReadText(context, file);
        var key = ECDsa.Create();
        try
        {
            if (pem.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal))
            {
                key.ImportFromEncryptedPem(pem, Passphrase.Ask(context.Terminal, $"Passphrase of {file}"));
            }
            else
            {
                key.ImportFromPem(pem);
            }

            return key;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new CommandException(ExitCodes.Usage, $"{file} cannot be used: {error.Message}", "It must be an ECDSA key in PEM; a wrong passphrase looks the same.", error);
        }
    }

    private static string NewPassphrase(CommandContext context)
    {
        var first = Passphrase.Ask(context.Terminal, "A passphrase for the new key");
        return first.Length < 8 ? throw new CommandException(ExitCodes.Usage, "The passphrase is shorter than 8 characters.", "Choose a longer one, or say --no-passphrase.")
            : Passphrase.Ask(context.Terminal, "Once more") == first ? first
            : throw new CommandException(ExitCodes.Usage, "The two passphrases differ.", "Type the command again.");
    }
}
