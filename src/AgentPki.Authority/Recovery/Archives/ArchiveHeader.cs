using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>
/// What an archive tells without its key: what it is, of which log and up to where, and who can open it. Signed by the ledger's key, and bound into every chunk, so that what
/// is encrypted and what is said of it cannot be separated.
/// </summary>
/// <remarks>JSON of at most <see cref="MaximumSize"/> octets; a field that this build does not know is refused.</remarks>
public sealed record ArchiveHeader
{
    public const int MaximumSize = 1 << 20;

    private const int Version = 1;

    /// <summary>32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required ArchiveKind Kind { get; init; }

    /// <summary>The appliance's name.</summary>
    public required string Appliance { get; init; }

    /// <summary>The version of the software that wrote it.</summary>
    public required string Software { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Where the ledger stands in it; of a segment, where it begins.</summary>
    public required LedgerHead Head { get; init; }

    /// <summary>The newest signed checkpoint in it, cosignatures included, as a note; null: none.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The ledger's key, which signs the header: to be compared with a copy that is kept elsewhere.</summary>
    public required PublicKey LedgerKey { get; init; }

    /// <summary>Certificates in it.</summary>
    public long Certificates { get; init; }

    /// <summary>Who opens it.</summary>
    public required OfficerRoster Officers { get; init; }

    /// <summary>The key, shared among them.</summary>
    public required SealedSecret SealedKey { get; init; }

    /// <summary><see cref="ArchiveKey.Commitment"/>.</summary>
    public required string KeyCommitment { get; init; }

    /// <summary>How each CA's key comes to another machine.</summary>
    public ImmutableArray<BackedUpKey> Keys { get; init; } = [];

    /// <summary>Of a segment.</summary>
    public SegmentPlace? Place { get; init; }

    public byte[] Encode()
    {
        var file = new HeaderFile(
            Version,
            Id,
            Kind,
            Appliance,
            Software,
            Created,
            Head.LogId.ToString(),
            Head.Epoch,
            Head.Size,
            Head.Root.ToBase64(),
            Checkpoint,
            Convert.ToBase64String(LedgerKey.SubjectPublicKeyInfo.Span),
            Certificates,
            Officers.Quorum,
            [.. Officers.Officers.Select(o => Element(o.Encode()))],
            Element(SealedKey.Encode()),
            KeyCommitment,
            [.. Keys],
            Place);
        return JsonSerializer.SerializeToUtf8Bytes(file, HeaderJson.Default.HeaderFile);
    }

    /// <summary>Reads what <see cref="Encode"/> wrote. Nothing is verified but the officers' own signatures.</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, CryptoProviders providers, [NotNullWhen(true)] out ArchiveHeader? header, [NotNullWhen(false)] out string? problem)
    {
        header = null;
        try
        {
            var file = JsonSerializer.Deserialize(json, HeaderJson.Default.HeaderFile);
            problem = file is null || file.Version != Version ? "it is of another version" : TryRead(file, providers, out header);
            return header is not null && problem is null;
        }
        catch (Exception error) when (error is JsonException or ArgumentException or FormatException)
        {
            problem = error is JsonException ? "it is not the JSON of a header that this build knows" : error.Message;
            return false;
        }
    }

    private static string? TryRead(HeaderFile file, CryptoProviders providers, out ArchiveHeader? header)
    {
        header = null;
        var root = new byte[MerkleHash.Size];
        if (file.Id is not { Length: 32 } || !file.Id.All(char.IsAsciiHexDigitLower) || !LogId.TryParse(file.Log, out var log) || file.Epoch < 1 || file.Size < 0
            || !Convert.TryFromBase64String(file.Root, root, out var length) || length != MerkleHash.Size)
        {
            return "its id, log or head is none";
        }

        if (!PublicKey.TryParse(Convert.FromBase64String(file.LedgerKey), out var ledgerKey, out _))
        {
            return "its ledger key is of no kind known here";
        }

        var officers = new List<Officer>();
        foreach (var element in file.Officers)
        {
            if (!Officer.TryParse(Encoding.UTF8.GetBytes(element.GetRawText()), providers, out var officer, out var wrong))
            {
                return $"one of its officers: {wrong}";
            }

            officers.Add(officer);
        }

        if (!SealedSecret.TryParse(Encoding.UTF8.GetBytes(file.SealedKey.GetRawText()), out var key, out var notSealed))
        {
            return $"its key: {notSealed}";
        }

        header = new ArchiveHeader
        {
            Id = file.Id,
            Kind = file.Kind,
            Appliance = file.Appliance,
            Software = file.Software,
            Created = file.Created,
            Head = new LedgerHead(log, file.Epoch, file.Size, new MerkleHash(root)),
            Checkpoint = file.Checkpoint,
            LedgerKey = ledgerKey,
            Certificates = file.Certificates,
            Officers = OfficerRoster.Of(file.Quorum, officers),
            SealedKey = key,
            KeyCommitment = file.KeyCommitment,
            Keys = [.. file.Keys],
            Place = file.Place,
        };
        return (file.Kind == ArchiveKind.Segment) == (file.Place is not null) ? null : "a segment has a place, and nothing else has";
    }

    private static JsonElement Element(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>In a word and a number: <c>backup 3f2a…, 1,234 entries of epoch 1, 2026-11-26T10:00:00Z</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Kind.ToString().ToLowerInvariant()} {Id[..8]}, {Head.Size} entries of epoch {Head.Epoch}, {Created.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}");
}

internal sealed record HeaderFile(
    [property: JsonRequired] int Version,
    [property: JsonRequired] string Id,
    [property: JsonRequired] ArchiveKind Kind,
    [property: JsonRequired] string Appliance,
    [property: JsonRequired] string Software,
    [property: JsonRequired] DateTimeOffset Created,
    [property: JsonRequired] string Log,
    [property: JsonRequired] long Epoch,
    [property: JsonRequired] long Size,
    [property: JsonRequired] string Root,
    string? Checkpoint,
    [property: JsonRequired] string LedgerKey,
    [property: JsonRequired] long Certificates,
    [property: JsonRequired] int Quorum,
    [property: JsonRequired] IReadOnlyList<JsonElement> Officers,
    [property: JsonRequired] JsonElement SealedKey,
    [property: JsonRequired] string KeyCommitment,
    [property: JsonRequired] IReadOnlyList<BackedUpKey> Keys,
    SegmentPlace? Place);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HeaderFile))]
internal sealed partial class HeaderJson : JsonSerializerContext;
