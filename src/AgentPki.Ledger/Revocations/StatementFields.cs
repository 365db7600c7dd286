using System.Text.Json.Serialization;

namespace AgentPki.Ledger.Revocations;

/// <summary>The members of a payload as they stand in it; docs/revocation-feed.md says what each means.</summary>
internal sealed record StatementFields
{
    public string? Kind { get; init; }

    public string? Feed { get; init; }

    public long? Sequence { get; init; }

    public long? Signed { get; init; }

    public string[]? Authorities { get; init; }

    public string? Action { get; init; }

    public int? Reason { get; init; }

    public long? Time { get; init; }

    public long? Count { get; init; }

    public CertificateFields[]? Certificates { get; init; }

    public SetFields? Set { get; init; }
}

internal sealed record CertificateFields(int? Authority, string? Serial);

internal sealed record SetFields(string? Name, string? Root, int? BucketBits, long? Count, long? Octets);

/// <summary>Members that are not known are passed over: later builds may say more. One twice is refused (RFC 7515 §4).</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 8, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(StatementFields))]
internal sealed partial class StatementContext : JsonSerializerContext;
