using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.X509.Certificates;
using AdminRevoke = AgentPki.Protocols.Admin.RevokeCommand;

namespace AgentPki.Server.Cli.Commands;

/// <summary>The options of <c>agentpki revoke</c> and <c>agentpki release</c> that say which certificates are meant.</summary>
internal sealed class RevocationConditions
{
    private readonly Argument<string?> _serial = new("serial") { Description = "Serial number of one certificate, hexadecimal.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _file = new("--certificate") { Description = "A PEM file with the one certificate." };
    private readonly Option<string?> _authority = new("--authority") { Description = "What this CA issued; with a serial number, where several CAs issued the same." };
    private readonly Option<string?> _agent = new("--agent") { Description = "SPIFFE ID: every certificate of that agent." };
    private readonly Option<bool> _descendants = new("--with-descendants") { Description = "With --agent: and of everything that it spawned, to any depth." };
    private readonly Option<string?> _under = new("--agents-under") { Description = "What SPIFFE IDs begin with, to a slash: spiffe://agents.example/team-a/." };
    private readonly Option<string?> _owner = new("--owner") { Description = "Every agent this owner answers for." };
    private readonly Option<string?> _profile = new("--profile") { Description = "What was issued under this profile." };
    private readonly Option<string?> _algorithm = new("--algorithm") { Description = "Certificates over keys of this kind: 'agentpki algorithms' shows the names." };
    private readonly Option<string?> _key = new("--key") { Description = "Every certificate that ever carried this public key: its SHA-256 in hexadecimal, or a PEM file (a certificate or a public key)." };
    private readonly Option<DateTimeOffset?> _from = new("--issued-from") { Description = "What was issued at this time or later." };
    private readonly Option<DateTimeOffset?> _before = new("--issued-before") { Description = "What was issued before this time." };
    private readonly Option<string?> _requester = new("--requester") { Description = "What this requester asked for, as the ledger names it: credential:NAME, agent:spiffe://…" };

    public Symbol[] Symbols => [_serial, _file, _authority, _agent, _descendants, _under, _owner, _profile, _algorithm, _key, _from, _before, _requester];

    /// <summary>Whether one certificate is named.</summary>
    public bool NameOne(ParseResult parsed) => (parsed.GetValue(_serial) ?? parsed.GetValue(_file)) is not null;

    public async Task<AdminRevoke> ReadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var command = new AdminRevoke(
            parsed.GetValue(_authority),
            parsed.GetValue(_serial),
            parsed.GetValue(_file) is { } path ? await ReadFileAsync(path, cancellationToken) : null,
            parsed.GetValue(_agent),
            WithDescendants: parsed.GetValue(_descendants),
            AgentsUnder: parsed.GetValue(_under),
            Owner: parsed.GetValue(_owner),
            Profile: parsed.GetValue(_profile),
            Algorithm: parsed.GetValue(_algorithm),
            Key: parsed.GetValue(_key) is { } key ? await FingerprintAsync(key, cancellationToken) : null,
            IssuedFrom: parsed.GetValue(_from),
            IssuedBefore: parsed.GetValue(_before),
            Requester: parsed.GetValue(_requester));
        return command == new AdminRevoke()
            ? throw new CommandException(ExitCodes.Usage, "Say which certificates: a serial number, --certificate FILE, or conditions such as --agent, --owner or --profile.", "'agentpki certificate list' shows the serial numbers; --help the conditions.")
            : command;
    }

    private static async Task<string> FingerprintAsync(string key, CancellationToken cancellationToken)
    {
        if (key.Length == 64 && key.All(char.IsAsciiHexDigit))
        {
            return key;
        }

        var pem = await ReadFileAsync(key, cancellationToken);
        if (PemEncoding.TryFind(pem, out var fields))
        {
            var der = Convert.FromBase64String(pem[fields.Base64Data]);
            switch (pem[fields.Label])
            {
                case "CERTIFICATE" when Certificate.TryParse(der, out var certificate, out _):
                    return Convert.ToHexStringLower(certificate.PublicKey.Fingerprint());
                case "PUBLIC KEY":
                    return Convert.ToHexStringLower(SHA256.HashData(der));
            }
        }

        throw new CommandException(ExitCodes.Usage, string.Create(CultureInfo.InvariantCulture, $"{key} has no certificate and no public key in PEM."), "Name the key by a PEM file of one, or by the SHA-256 of its SubjectPublicKeyInfo: 64 hexadecimal digits.");
    }

    private static async Task<string> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"The file {path} cannot be read: {error.Message}", "Name a PEM file.", error);
        }
    }
}
