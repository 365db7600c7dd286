using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.X509;
using AgentPki.X509.Cms;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>An officer's envelope.</summary>
/// <param name="Officer">Whose.</param>
/// <param name="Number">The share's.</param>
/// <param name="Envelope">A DER CMS AuthEnvelopedData (RFC 5083) for the officer's receiving key, found by its subject key identifier: <c>openssl cms -decrypt</c> opens it too.</param>
public sealed record SealedShare(string Officer, int Number, ReadOnlyMemory<byte> Envelope);

/// <summary>
/// A secret (a PIN, the key of a backup) that nobody has alone: shared among the officers, each share in an envelope for one of them. What is shared is
/// SHA-256(id ‖ purpose ‖ secret) ‖ secret, so that wrong shares are noticed; whoever has too few learns nothing, not even the digest.
/// </summary>
/// <remarks>A public document: it can lie on any disk. As JSON: version, id, purpose, threshold, shares (officer, number, envelope in base64).</remarks>
public sealed record SealedSecret
{
    /// <summary>Octets of the longest secret.</summary>
    public const int MaximumSecret = 1024;

    private SealedSecret(string id, string purpose, int threshold, ImmutableArray<SealedShare> shares) => (Id, Purpose, Threshold, Shares) = (id, purpose, threshold, shares);

    /// <summary>32 hexadecimal digits, new with each sealing.</summary>
    public string Id { get; }

    /// <summary>What the secret is, in words that officers understand: <c>user PIN of token root-token</c>.</summary>
    public string Purpose { get; }

    /// <summary>How many officers open it.</summary>
    public int Threshold { get; }

    public ImmutableArray<SealedShare> Shares { get; }

    /// <summary>Shares a secret among the officers of a roster, as many of whom open it as its quorum has.</summary>
    /// <param name="providers">Encapsulate to ML-KEM keys.</param>
    /// <exception cref="ArgumentException">An empty secret, or one that is too long.</exception>
    public static async ValueTask<SealedSecret> SealAsync(ReadOnlyMemory<byte> secret, string purpose, OfficerRoster roster, CryptoProviders providers, CancellationToken cancellationToken)
    {
        if (secret.Length is 0 or > MaximumSecret)
        {
            throw new ArgumentException($"A secret to be sealed has 1 to {MaximumSecret} octets.", nameof(secret));
        }

        var id = RandomNumberGenerator.GetBytes(16);
        using var memory = new PinnedMemory(SHA256.HashSizeInBytes + secret.Length);
        secret.Span.CopyTo(memory.GetSpan()[SHA256.HashSizeInBytes..]);
        Digest(id, purpose, secret.Span, memory.GetSpan());
        var sealedShares = ImmutableArray.CreateBuilder<SealedShare>(roster.Officers.Length);
        var shares = SecretSharing.Split(memory.GetSpan(), roster.Quorum, roster.Officers.Length);
        try
        {
            foreach (var (officer, share) in roster.Officers.Zip(shares))
            {
                var text = ShareText.Encode(id, officer.Name, roster.Quorum, share);
                var recipient = Recipient.ForKey(officer.ReceivingKey, officer.ReceivingKey.KeyIdentifier());
                sealedShares.Add(new SealedShare(officer.Name, share.Number, await EnvelopedData.EncryptAsync(Oids.CmsData, text, ContentEncryption.Aes256Gcm, [recipient], providers, cancellationToken)));
                CryptographicOperations.ZeroMemory(text);
            }
        }
        finally
        {
            foreach (var share in shares)
            {
                CryptographicOperations.ZeroMemory(share.Value);
            }
        }

        return new SealedSecret(Convert.ToHexStringLower(id), purpose, roster.Quorum, sealedShares.MoveToImmutable());
    }

    /// <summary>An officer takes his share out.</summary>
    /// <returns>The share; or why not.</returns>
    /// <exception cref="KeyUnavailableException">The officer's key cannot be used now.</exception>
    public async ValueTask<(OpenedShare? Share, string? Problem)> OpenShareAsync(OfficerKey key, CancellationToken cancellationToken)
    {
        if (Shares.FirstOrDefault(s => s.Officer == key.Officer.Name) is not { } mine)
        {
            return (null, $"{key.Officer.Name} has no share of the {Purpose}");
        }

        if (await key.OpenAsync(mine.Envelope, cancellationToken) is not { } text)
        {
            return (null, $"the envelope of {key.Officer.Name} does not open with this key: it was sealed to another one, or changed");
        }

        try
        {
            return !ShareText.TryDecode(text, out var share) ? (null, $"the envelope of {key.Officer.Name} holds no share")
                : share.Sealing != Id ? (null, $"the share of {key.Officer.Name} belongs to another sealing ({share.Sealing})")
                : share.Officer != key.Officer.Name ? (null, $"the envelope of {key.Officer.Name} holds the share of {share.Officer}")
                : (share, null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    /// <summary>Puts shares together.</summary>
    /// <returns>The secret in an array that the collector does not move, which the caller zeroizes; or why not.</returns>
    public (byte[]? Secret, string? Problem) Open(IReadOnlyList<OpenedShare> shares)
    {
        if (shares.FirstOrDefault(s => s.Sealing != Id) is { } foreign)
        {
            return (null, $"the share of {foreign.Officer} belongs to another sealing ({foreign.Sealing})");
        }

        if (shares.GroupBy(s => s.Officer).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            return (null, $"{twice.Key} has given a share twice");
        }

        if (shares.Count < Threshold)
        {
            return (null, $"{shares.Count} of {Threshold} officers are not enough");
        }

        byte[] opened;
        try
        {
            opened = SecretSharing.Combine([.. shares.Select(s => s.Share)]);
        }
        catch (ArgumentException)
        {
            return (null, "the shares do not belong together");
        }

        try
        {
            if (opened.Length <= SHA256.HashSizeInBytes)
            {
                return (null, "the shares do not belong together");
            }

            var secret = opened.AsSpan(SHA256.HashSizeInBytes);
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            Digest(Convert.FromHexString(Id), Purpose, secret, digest);
            if (!CryptographicOperations.FixedTimeEquals(digest, opened.AsSpan(0, SHA256.HashSizeInBytes)))
            {
                return (null, "one of the shares is wrong: what they give is not what was sealed");
            }

            var result = PinnedMemory.NewArray(secret.Length);
            secret.CopyTo(result);
            return (result, null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(opened);
        }
    }

    public byte[] Encode() =>
        [.. JsonSerializer.SerializeToUtf8Bytes(new SealedFile(1, Id, Purpose, Threshold, [.. Shares.Select(s => new SealedShareFile(s.Officer, s.Number, Convert.ToBase64String(s.Envelope.Span)))]), SealedJson.Default.SealedFile), (byte)'\n'];

    /// <summary>Reads the JSON; false with the reason when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, [NotNullWhen(true)] out SealedSecret? secret, [NotNullWhen(false)] out string? problem)
    {
        (secret, problem) = (null, null);
        try
        {
            var file = JsonSerializer.Deserialize(json, SealedJson.Default.SealedFile);
            if (file is not { Version: 1, Id.Length: 32, Threshold: >= 2 } || file.Id.Any(c => !char.IsAsciiHexDigitLower(c)) || file.Shares.Count < file.Threshold || file.Shares.DistinctBy(s => s.Officer).Count() != file.Shares.Count)
            {
                problem = "it is not a sealed secret of version 1 in order";
                return false;
            }

            secret = new SealedSecret(file.Id, file.Purpose, file.Threshold, [.. file.Shares.Select(s => new SealedShare(s.Officer, s.Number, Convert.FromBase64String(s.Envelope)))]);
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            problem = "it is not the JSON of a sealed secret";
            return false;
        }
    }

    private static void Digest(ReadOnlySpan<byte> id, string purpose, ReadOnlySpan<byte> secret, Span<byte> destination)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(id);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(purpose));
        hash.AppendData([0]);
        hash.AppendData(secret);
        hash.GetHashAndReset(destination);
    }
}

internal sealed record SealedFile(
    [property: JsonRequired] int Version, [property: JsonRequired] string Id, [property: JsonRequired] string Purpose, [property: JsonRequired] int Threshold, [property: JsonRequired] IReadOnlyList<SealedShareFile> Shares);

internal sealed record SealedShareFile([property: JsonRequired] string Officer, [property: JsonRequired] int Number, [property: JsonRequired] string Envelope);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SealedFile))]
internal sealed partial class SealedJson : JsonSerializerContext;
