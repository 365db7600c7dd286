using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>What a step works with, and where it says what it did.</summary>
public sealed class StepContext
{
    private readonly string _scriptFolder;

    internal StepContext(CeremonyPlan plan, PlannedStep step, Transcript transcript, ICeremonyHome home, OpenHome? open, PinGathering pins, ICeremonyRoom room, CryptoProviders software, string scriptFolder, TimeProvider time) =>
        (Plan, Step, Transcript, Home, _open, Pins, Room, Software, _scriptFolder, Time) = (plan, step, transcript, home, open, pins, room, software, scriptFolder, time);

    private readonly OpenHome? _open;

    public CeremonyPlan Plan { get; }

    public PlannedStep Step { get; }

    public ICeremonyHome Home { get; }

    /// <summary>Tokens and store; only where <see cref="StepKind.NeedsTokens"/>.</summary>
    public OpenHome Open => _open ?? throw new InvalidOperationException("This kind of step works without tokens.");

    public ICeremonyRoom Room { get; }

    public TimeProvider Time { get; }

    /// <summary>Verify what officers signed, and encapsulate to their keys: no token is needed for that.</summary>
    public CryptoProviders Software { get; }

    /// <summary>The actor of ledger entries.</summary>
    public string Actor => $"ceremony:{Plan.Id}";

    internal Transcript Transcript { get; }

    /// <summary>The PINs that the officers put together for this step.</summary>
    internal PinGathering Pins { get; }

    /// <summary>A record of this step.</summary>
    public ValueTask RecordAsync(string kind, params (string Name, string? Value)[] facts) =>
        Transcript.AddAsync(kind, [("step", Step.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)), .. facts]);

    /// <summary>A record of this step about a file, which is kept beside the records.</summary>
    /// <param name="name">Of the file.</param>
    public ValueTask RecordFileAsync(string kind, string name, ReadOnlyMemory<byte> content, params (string Name, string? Value)[] facts) =>
        RecordAsync(kind, [.. facts, .. Transcript.Keep(name, content.Span)]);

    /// <summary>The content of a file that the plan names, if it is still what was approved.</summary>
    /// <exception cref="CeremonyException">It is gone, or another.</exception>
    public byte[] ReadFile(string field)
    {
        var path = Path.GetFullPath(Step[field], _scriptFolder);
        if (!File.Exists(path))
        {
            throw new CeremonyException($"The file {Step[field]} is not there any more. Put it back and resume.");
        }

        var content = File.ReadAllBytes(path);
        return Convert.ToHexStringLower(SHA256.HashData(content)) == Step[$"{field}.sha256"]
            ? content
            : throw new CeremonyException($"The file {Step[field]} is not the one that was approved: its SHA-256 is another. Put that one back and resume, or begin a new ceremony.");
    }

    /// <summary>Records a key as its token describes it, if a token keeps it; of a composite the whole, and each half.</summary>
    public async ValueTask RecordKeyAsync(string owner, IPrivateKey key, bool isNew, CancellationToken cancellationToken)
    {
        var halves = key is ISigningKey { Parts: [_, _, ..] parts } ? parts : [];
        var facts = key.Protection == KeyProtection.Token && halves.Count == 0 ? await Home.DescribeKeyAsync(key.Reference, cancellationToken) : [];
        await RecordAsync(
            RecordKinds.Key,
            [
                ("owner", owner),
                ("algorithm", key.Algorithm.Name),
                ("protection", key.Protection.ToText()),
                ("provider", key.Reference.Provider),
                ("label", key.Reference.Label),
                ("made", isNew ? "now" : "found from a try before"),
                ("public-key", Convert.ToBase64String(key.PublicKey.SubjectPublicKeyInfo.Span)),
                ("public-key-sha256", Convert.ToHexStringLower(key.PublicKey.Fingerprint())),
                .. facts,
            ]);
        Room.Tell($"{owner} key: {key.Algorithm}, {key.Protection.ToText()}, {key.Reference.Provider}/{key.Reference.Label}{(isNew ? "" : " (was there from a try before)")}");
        foreach (var half in halves)
        {
            await RecordKeyAsync($"{owner}, {half.Algorithm} half", half, isNew, cancellationToken);
        }
    }
}
