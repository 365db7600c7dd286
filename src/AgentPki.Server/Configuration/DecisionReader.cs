using System.Collections.Immutable;
using AgentPki.Cryptography;

namespace AgentPki.Server.Configuration;

/// <summary>How actions are decided.</summary>
/// <param name="Receipts">The kind of key that signs receipts; null: there are none.</param>
/// <param name="ReceiptLifetime">How long an answer permits what it permits.</param>
/// <param name="IsDurable">Whether a record has to be on the disk before its decision is answered.</param>
/// <param name="Profiles">Profiles whose certificates may ask.</param>
/// <param name="Callers">Globs over SPIFFE paths of agents that may ask.</param>
public sealed record DecisionSettings(KeyAlgorithm? Receipts, TimeSpan ReceiptLifetime, TimeSpan AnchorInterval, bool IsDurable, ImmutableArray<string> Profiles, ImmutableArray<string> Callers);

/// <summary>Reads <c>decisions:</c>.</summary>
internal static class DecisionReader
{
    private static readonly IReadOnlyDictionary<string, KeyAlgorithm?> Kinds = new Dictionary<string, KeyAlgorithm?>(StringComparer.Ordinal)
    {
        ["es256"] = KeyAlgorithm.EcdsaP256,
        ["ml-dsa-44"] = KeyAlgorithm.MlDsa44,
        ["ml-dsa-65"] = KeyAlgorithm.MlDsa65,
        ["ml-dsa-87"] = KeyAlgorithm.MlDsa87,
        ["none"] = null,
    };

    internal static DecisionSettings Read(YamlSection section)
    {
        var word = section.Text("receipts", "es256");
        if (!Kinds.TryGetValue(word, out var kind))
        {
            section.Report("receipts", $"'{word}' must be one of {string.Join(", ", Kinds.Keys)}");
        }

        var callers = section.List("callers");
        var settings = new DecisionSettings(
            kind,
            section.Duration("receiptLifetime", TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            section.Duration("anchorInterval", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            section.Flag("durable", true),
            [.. section.List("callerProfiles")],
            callers.Count == 0 ? ["/guard/**"] : [.. callers]);
        if (settings.Callers.FirstOrDefault(c => !c.StartsWith('/')) is { } wrong)
        {
            section.Report("callers", $"'{wrong}' must be a pattern of SPIFFE paths, for example /gateways/*");
        }

        section.RefuseUnknown();
        return settings;
    }
}
