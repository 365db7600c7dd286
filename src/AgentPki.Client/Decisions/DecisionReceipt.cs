using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Decisions;

namespace AgentPki.Client.Decisions;

/// <summary>What came of verifying a receipt.</summary>
public abstract record ReceiptResult
{
    private ReceiptResult()
    {
    }

    /// <summary>The appliance decided so.</summary>
    public sealed record Valid(DecisionStatement Statement) : ReceiptResult;

    /// <param name="Reason">What is wrong, as a sentence.</param>
    public sealed record Invalid(string Reason) : ReceiptResult;
}

/// <summary>What a receipt has to say to be believed. What is null is not looked at.</summary>
/// <param name="Issuer">The appliance, as its metadata name it (<c>decision_receipt_issuer</c>).</param>
public sealed record ReceiptExpectation(string Issuer)
{
    /// <summary>Whom it must be for: the SPIFFE ID of who asked.</summary>
    public string? Audience { get; init; }

    /// <summary>What who asked sent along (<c>context.nonce</c>).</summary>
    public string? Nonce { get; init; }

    /// <summary>The question that it must answer (<see cref="RequestDigest"/>), lower-case hexadecimal: one of its decisions must.</summary>
    public string? RequestSha256 { get; init; }

    /// <summary>Now: it must not have ended, nor lie ahead; null: it only has to show what was decided, whenever that was.</summary>
    public DateTimeOffset? Now { get; init; }

    /// <summary>By how much clocks may differ.</summary>
    public TimeSpan Skew { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// Verifies receipts of decisions without asking anybody: with the appliance's receipt keys, which were taken from its JWKS before. A receipt shows that the appliance decided so at that
/// time; whether the certificate was revoked since, it does not know.
/// </summary>
public sealed class DecisionReceipt
{
    private static readonly CryptoProviders Providers = Verification.SoftwareVerifiers.Create();

    private readonly Dictionary<string, PublicKey> _keys;

    private DecisionReceipt(Dictionary<string, PublicKey> keys) => _keys = keys;

    /// <summary>Reads a JWK set (RFC 7517 §5). Keys that are not understood are passed over (§5).</summary>
    /// <exception cref="FormatException">It is none, or has no key that is understood.</exception>
    public static DecisionReceipt FromJwks(ReadOnlyMemory<byte> json)
    {
        var keys = new Dictionary<string, PublicKey>(StringComparer.Ordinal);
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(json);
            foreach (var item in document.RootElement.GetProperty("keys").EnumerateArray())
            {
                if (Jwk.TryParse(System.Text.Encoding.UTF8.GetBytes(item.GetRawText()), out var jwk, out _))
                {
                    // By what the key is, whatever name it was given.
                    keys[jwk.Thumbprint()] = jwk.Key;
                }
            }
        }
        catch (Exception failure) when (failure is System.Text.Json.JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("That is no JWK set (RFC 7517 §5).", failure);
        }

        return keys.Count > 0 ? new DecisionReceipt(keys) : throw new FormatException("The JWK set has no key that is understood here.");
    }

    /// <summary>Whether a receipt is one, and says what it has to.</summary>
    public ReceiptResult Verify(string receipt, ReceiptExpectation expected)
    {
        if (!CompactJws.TryParse(receipt, out var jws, out var error))
        {
            return new ReceiptResult.Invalid(error.Text);
        }

        if (jws.Type != DecisionStatement.JwsType)
        {
            return new ReceiptResult.Invalid($"It is not of type {DecisionStatement.JwsType}.");
        }

        if (jws.KeyId is not { } keyId || !_keys.TryGetValue(keyId, out var key))
        {
            return new ReceiptResult.Invalid("It names no key of the appliance.");
        }

        if (!jws.Verify(key, Providers))
        {
            return new ReceiptResult.Invalid("Its signature does not verify.");
        }

        if (!DecisionStatement.TryParse(jws.Payload, out var statement))
        {
            return new ReceiptResult.Invalid("It is signed and cannot be read.");
        }

        return WhyNot(statement, expected) is { } why ? new ReceiptResult.Invalid(why) : new ReceiptResult.Valid(statement);
    }

    private static string? WhyNot(DecisionStatement statement, ReceiptExpectation expected) =>
        statement.Issuer != expected.Issuer ? $"It is of {statement.Issuer}."
        : expected.Audience is { } audience && statement.Audience != audience ? $"It is for {statement.Audience}."
        : expected.Nonce is { } nonce && statement.Nonce != nonce ? "It answers another question: its nonce is not the one that was sent."
        : expected.RequestSha256 is { } digest && statement.Decisions.All(d => d.RequestSha256 != digest) ? "It answers another question."
        : expected.Now is not { } now ? null
        : now >= statement.Expires + expected.Skew ? $"It ended at {statement.Expires:u}."
        : now < statement.IssuedAt - expected.Skew ? $"It is of {statement.IssuedAt:u}, which lies ahead."
        : null;
}
