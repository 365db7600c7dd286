using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Revocations;

/// <summary>Statements to JSON and back. What is read is complete and within its limits, or refused.</summary>
internal static class StatementJson
{
    private const string Heartbeat = "heartbeat";
    private const string Event = "event";
    private const string Snapshot = "snapshot";
    private const string Revoked = "revoked";
    private const string Released = "released";
    private const int MostAuthorities = 1000;
    private const int LongestKeyIdentifier = 64;
    private const int LongestSerial = 20; // RFC 5280 §4.1.2.2
    private const int LongestText = 200;

    // 9999-12-31T23:59:59.999Z
    private const long LastMillisecond = 253402300799999;

    public static byte[] Write(RevocationStatement statement)
    {
        var fields = new StatementFields
        {
            Feed = statement.Feed,
            Sequence = statement.Sequence,
            Signed = statement.Signed.ToUnixTimeMilliseconds(),
            Authorities = [.. statement.Authorities.Select(a => Base64Url.EncodeToString(a.Span))],
        };
        fields = statement switch
        {
            HeartbeatStatement => fields with { Kind = Heartbeat },
            SnapshotStatement snapshot => fields with { Kind = Snapshot, Set = Of(snapshot.Set) },
            RevocationEventStatement happened => fields with
            {
                Kind = Event,
                Action = happened.IsRelease ? Released : Revoked,
                Reason = happened.Reason,
                Time = happened.Time.ToUnixTimeMilliseconds(),
                Count = happened.Count,
                Certificates = happened.Set is null ? [.. happened.Certificates.Select(c => new CertificateFields(c.Authority, Convert.ToHexStringLower(c.Serial.Span)))] : null,
                Set = happened.Set is null ? null : Of(happened.Set),
            },
            _ => throw new ArgumentException($"A {statement.GetType().Name} has no form.", nameof(statement)),
        };
        return JsonSerializer.SerializeToUtf8Bytes(fields, StatementContext.Default.StatementFields);
    }

    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out RevocationStatement? statement, [NotNullWhen(false)] out string? error)
    {
        statement = null;
        StatementFields? fields;
        try
        {
            fields = JsonSerializer.Deserialize(payload, StatementContext.Default.StatementFields);
        }
        catch (JsonException)
        {
            fields = null;
        }

        if (fields is null)
        {
            error = "the statement is no JSON object with the members it should have";
            return false;
        }

        statement = fields is { Feed: { Length: > 0 and <= LongestText } feed, Sequence: >= 0 and var sequence, Signed: >= 0 and <= LastMillisecond and var signed, Authorities: { Length: <= MostAuthorities } texts }
            && ReadAuthorities(texts) is { } authorities
                ? Make(fields, feed, sequence, DateTimeOffset.FromUnixTimeMilliseconds(signed), authorities)
                : null;
        error = statement is null ? "a member of the statement is missing or is not what it should be" : null;
        return statement is not null;
    }

    private static RevocationStatement? Make(StatementFields fields, string feed, long sequence, DateTimeOffset signed, List<ReadOnlyMemory<byte>> authorities)
    {
        var set = ReadSet(fields.Set);
        switch (fields.Kind)
        {
            case Heartbeat:
                return new HeartbeatStatement(feed, sequence, signed, authorities);
            case Snapshot when set is not null:
                return new SnapshotStatement(feed, sequence, signed, authorities, set);
            case Event when sequence > 0 && fields is { Action: Revoked or Released, Reason: >= 0 and <= 255 and var reason, Time: >= 0 and <= LastMillisecond and var time, Count: >= 0 and var count }:
                var certificates = ReadCertificates(fields.Certificates ?? [], authorities.Count);
                // Either named, or in a set; their number is what is said.
                return certificates is not null && (set is null) == (fields.Set is null) && (set is null) == (fields.Certificates is not null)
                    && certificates.Count <= RevocationStatement.MaximumNamed && count == (set?.Commitment.Count ?? certificates.Count)
                        ? new RevocationEventStatement(feed, sequence, signed, authorities, fields.Action == Released, reason, DateTimeOffset.FromUnixTimeMilliseconds(time), count, certificates, set)
                        : null;
            default:
                return null;
        }
    }

    private static SetFields Of(StatedSet set) =>
        new(set.Name, Base64Url.EncodeToString(set.Commitment.Root.ToByteArray()), set.Commitment.BucketBits, set.Commitment.Count, set.Commitment.Octets);

    private static StatedSet? ReadSet(SetFields? fields) =>
        fields is { Name: { Length: > 0 and <= LongestText } name, BucketBits: { } bits, Count: { } count, Octets: { } octets } && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        && Decode(fields.Root, MerkleHash.Size) is { Length: MerkleHash.Size } root
        && new RevocationSetCommitment(new MerkleHash(root), bits, count, octets) is { IsSound: true } commitment
            ? new StatedSet(name, commitment)
            : null;

    private static bool TryReadAuthority(string? text, out ReadOnlyMemory<byte> authority)
    {
        authority = Decode(text, LongestKeyIdentifier) ?? [];
        return !authority.IsEmpty;
    }

    private static StatedCertificate? ReadCertificate(CertificateFields? fields, int authorities) =>
        fields is { Authority: >= 0 and var authority, Serial: { Length: > 0 and <= 2 * LongestSerial } serial } && authority < authorities
        && serial.Length % 2 == 0 && serial.All(char.IsAsciiHexDigitLower)
            ? new StatedCertificate(authority, Convert.FromHexString(serial))
            : null;

    private static List<ReadOnlyMemory<byte>>? ReadAuthorities(string[] texts)
    {
        var authorities = new List<ReadOnlyMemory<byte>>(texts.Length);
        foreach (var text in texts)
        {
            if (!TryReadAuthority(text, out var authority))
            {
                return null;
            }

            authorities.Add(authority);
        }

        return authorities;
    }

    private static List<StatedCertificate>? ReadCertificates(CertificateFields[] from, int authorities)
    {
        var certificates = from.Select(c => ReadCertificate(c, authorities)).OfType<StatedCertificate>().ToList();
        return certificates.Count == from.Length ? certificates : null;
    }

    private static byte[]? Decode(string? text, int longest)
    {
        if (text is null || text.Length > 2 * longest || !text.All(char.IsAscii))
        {
            return null;
        }

        var decoded = JoseBase64.Decode(Encoding.ASCII.GetBytes(text));
        return decoded?.Length <= longest ? decoded : null;
    }
}
