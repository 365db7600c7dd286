using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Names;

namespace AgentPki.X509.Delegation;

/// <summary>What a parent says when it makes a child: the claims of a grant (<c>docs/delegation.md</c>). There is no expiry beside <c>policy.not_after</c>: what the child may do has one end, not two.</summary>
public sealed record GrantStatement
{
    /// <summary>Octets of an id: no two grants have the same.</summary>
    public const int ShortestId = 16;

    private const int LongestId = 64;

    private GrantStatement(SpiffeId parent, SpiffeId child, DateTimeOffset issuedAt, ReadOnlyMemory<byte> id, AgentPolicy policy) => (Parent, Child, IssuedAt, Id, Policy) = (parent, child, issuedAt, id, policy);

    /// <summary><c>iss</c>: who grants.</summary>
    public SpiffeId Parent { get; }

    /// <summary><c>sub</c>: whom.</summary>
    public SpiffeId Child { get; }

    /// <summary><c>iat</c>: when, in whole seconds.</summary>
    public DateTimeOffset IssuedAt { get; }

    /// <summary><c>jti</c>: 16 to 64 octets that the parent drew at random.</summary>
    public ReadOnlyMemory<byte> Id { get; }

    /// <summary><c>policy</c>: what the child may do at most; it names no parent, that is what the grant does.</summary>
    public AgentPolicy Policy { get; }

    /// <summary><c>parent_grant</c>: the digest of the grant by which the parent exists; null: it is nobody's child.</summary>
    public ReadOnlyMemory<byte>? ParentGrant { get; private init; }

    /// <summary><c>cnf.jkt</c>: the only key that the child's first certificate may have (RFC 7800 §3.1, RFC 7638 with SHA-256, 32 octets); null: any.</summary>
    public ReadOnlyMemory<byte>? KeyThumbprint { get; private init; }

    public static bool TryCreate(
        SpiffeId parent, SpiffeId child, DateTimeOffset issuedAt, ReadOnlyMemory<byte> id, AgentPolicy policy, ReadOnlyMemory<byte>? parentGrant, ReadOnlyMemory<byte>? keyThumbprint,
        [NotNullWhen(true)] out GrantStatement? statement, [NotNullWhen(false)] out string? error)
    {
        error = parent == child ? "an agent does not grant itself anything"
            : parent.TrustDomain != child.TrustDomain ? "parent and child are of one trust domain"
            : id.Length is < ShortestId or > LongestId ? $"the grant's jti has {ShortestId} to {LongestId} octets"
            : policy.Parent is not null ? "the policy in a grant names no parent: the grant does"
            : policy.NotAfter is null ? "a grant ends: its policy has a not_after"
            : parentGrant is { Length: not AgentPolicies.ParentGrant.DigestOctets } || keyThumbprint is { Length: not 32 } ? "parent_grant and jkt have 32 octets"
            : null;
        statement = error is null
            ? new GrantStatement(parent, child, DateTimeOffset.FromUnixTimeSeconds(issuedAt.ToUnixTimeSeconds()), id, policy) { ParentGrant = parentGrant, KeyThumbprint = keyThumbprint }
            : null;
        return statement is not null;
    }

    /// <summary>The claims as JSON.</summary>
    internal byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("iss", Parent.ToString());
            writer.WriteString("sub", Child.ToString());
            writer.WriteNumber("iat", IssuedAt.ToUnixTimeSeconds());
            writer.WriteString("jti", Base64Url.EncodeToString(Id.Span));
            if (ParentGrant is { } grant)
            {
                writer.WriteString("parent_grant", Base64Url.EncodeToString(grant.Span));
            }

            if (KeyThumbprint is { } thumbprint)
            {
                writer.WriteStartObject("cnf");
                writer.WriteString("jkt", Base64Url.EncodeToString(thumbprint.Span));
                writer.WriteEndObject();
            }

            writer.WritePropertyName("policy");
            Policy.Write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads the claims; one that it does not know is refused, for it could be a bound.</summary>
    internal static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out GrantStatement? statement, [NotNullWhen(false)] out string? error)
    {
        statement = null;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var claims = new Claims();
            error = document.RootElement.ValueKind == JsonValueKind.Object ? null : "the claims are no object";
            foreach (var member in error is null ? document.RootElement.EnumerateObject() : default)
            {
                error ??= claims.Read(member.Name, member.Value);
            }

            if (error is not null)
            {
                return false;
            }

            if (claims is not { Parent: { } parent, Child: { } child, IssuedAt: { } at, Id: { } id, Policy: { } policy })
            {
                error = "iss, sub, iat, jti and policy are needed";
                return false;
            }

            return TryCreate(parent, child, at, id, policy, claims.ParentGrant, claims.KeyThumbprint, out statement, out error);
        }
        catch (Exception invalid) when (invalid is JsonException or InvalidOperationException or FormatException or ArgumentOutOfRangeException or DecoderFallbackException)
        {
            error = $"the claims are not JSON of the right shape: {invalid.Message}";
            return false;
        }
    }

    private sealed class Claims
    {
        public SpiffeId? Parent { get; private set; }

        public SpiffeId? Child { get; private set; }

        public DateTimeOffset? IssuedAt { get; private set; }

        public ReadOnlyMemory<byte>? Id { get; private set; }

        public ReadOnlyMemory<byte>? ParentGrant { get; private set; }

        public ReadOnlyMemory<byte>? KeyThumbprint { get; private set; }

        public AgentPolicy? Policy { get; private set; }

        public string? Read(string name, JsonElement value)
        {
            switch (name)
            {
                case "iss":
                    Parent = SpiffeId.Parse(value.GetString() ?? "");
                    return null;
                case "sub":
                    Child = SpiffeId.Parse(value.GetString() ?? "");
                    return null;
                case "iat":
                    IssuedAt = DateTimeOffset.FromUnixTimeSeconds(value.GetInt64());
                    return null;
                case "jti":
                    Id = Base64Url.DecodeFromChars(value.GetString());
                    return null;
                case "parent_grant":
                    ParentGrant = Base64Url.DecodeFromChars(value.GetString());
                    return null;
                case "cnf":
                    KeyThumbprint = value.EnumerateObject().ToArray() is [{ Name: "jkt" } jkt] ? Base64Url.DecodeFromChars(jkt.Value.GetString()) : throw new FormatException("cnf has a jkt and nothing else");
                    return null;
                case "policy":
                    var read = AgentPolicyJson.TryRead(value, out var policy, out var error);
                    Policy = policy;
                    return read ? null : $"policy: {error}";
                default:
                    return $"a grant has no claim '{(name.Length <= 32 && name.All(char.IsAsciiLetterOrDigit) ? name : "…")}'";
            }
        }
    }
}
