using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;
using AgentPki.Server.Cli;
using AgentPki.Server.Home;

namespace AgentPki.Server.Audit;

/// <summary>What an auditor believes: keys of the log, and witnesses with a quorum. All of it from elsewhere than what is verified.</summary>
/// <param name="Keys">Of the log, under whatever epoch.</param>
internal sealed record AuditTrust(IReadOnlyList<PublicKey> Keys, CosignaturePolicy Witnesses)
{
    /// <param name="keys">Each a file with PEM public keys or vkeys, or a vkey; where there are none, <paramref name="otherwise"/>.</param>
    /// <param name="witnesses">Each a file with vkeys, or a vkey.</param>
    /// <param name="quorum">Null: all of them.</param>
    /// <exception cref="CommandException">One of them is no such thing.</exception>
    public static AuditTrust Read(IReadOnlyList<string> keys, IReadOnlyList<string> witnesses, int? quorum, IReadOnlyList<string> otherwise)
    {
        var own = keys.Count > 0 ? keys.SelectMany(KeysOf).ToList() : [.. otherwise.Select(Pem.TryReadPublicKey).OfType<PublicKey>()];
        if (own.Count == 0)
        {
            throw new CommandException(ExitCodes.Usage, otherwise.Count > 0 ? $"{otherwise[0]} holds no public key that this program knows." : "It is not said by which key the ledger is verified.", "Name it with --key: a PEM file, or what 'agentpki audit key' prints.");
        }

        var believed = witnesses.SelectMany(WitnessesOf).ToList();
        try
        {
            return new AuditTrust(own, new CosignaturePolicy(believed, quorum ?? believed.Select(key => key.Name).Distinct().Count()));
        }
        catch (ArgumentException error)
        {
            throw new CommandException(ExitCodes.Usage, error.Message.Split(" (Parameter")[0], "Correct --witness and --quorum.", error);
        }
    }

    /// <summary>Why a head is not to be believed, as a clause; null: it is.</summary>
    public string? WhyNot(SignedCheckpoint checkpoint, CryptoProviders providers)
    {
        var verdicts = Keys.Select(key => NoteKey.Create(checkpoint.Checkpoint.Origin, key).Verify(checkpoint.Note, providers)).ToList();
        return verdicts.Contains(false) ? "a signature that claims to be the log's does not verify"
            : !verdicts.Contains(true) ? "it is not signed by the log's key"
            : Witnesses.WhyNot(checkpoint.Note, providers);
    }

    private static IEnumerable<PublicKey> KeysOf(string text)
    {
        if (!File.Exists(text))
        {
            return [KeyOf(text).PublicKey];
        }

        return Pem.TryReadPublicKey(text) is { } key ? [key] : Lines(text).Select(line => KeyOf(line).PublicKey);
    }

    private static IEnumerable<NoteKey> WitnessesOf(string text) => File.Exists(text) ? Lines(text).Select(KeyOf) : [KeyOf(text)];

    private static IEnumerable<string> Lines(string file) => File.ReadLines(file).Where(line => line.Contains('+', StringComparison.Ordinal));

    private static NoteKey KeyOf(string text) => NoteKey.TryParse(text, out var key)
        ? key
        : throw new CommandException(ExitCodes.Usage, $"'{text}' is neither a file nor a verifier key.", "Copy it as 'agentpki audit key' or 'agentpki witness show' prints it.");
}
