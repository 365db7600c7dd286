using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.X509.Delegation;

/// <summary>
/// A parent's word that it made a child, and for what: a compact JWS (RFC 7515 §7.1) of type <c>agent-grant+jwt</c>, signed with the key of the parent's certificate, which its <c>x5t#S256</c> names.
/// A value was read; whether it was signed by somebody who may is <see cref="WhyNotBy"/> and the verifier's.
/// </summary>
public sealed class SignedGrant
{
    /// <summary>The <c>typ</c>: it is taken for nothing else, and nothing else for it (RFC 8725 §3.11).</summary>
    public const string Type = "agent-grant+jwt";

    private readonly CompactJws _jws;

    private SignedGrant(string text, CompactJws jws, GrantStatement statement) => (Text, _jws, Statement) = (text, jws, statement);

    /// <summary>The token as it came: what <see cref="Digest"/> is over.</summary>
    public string Text { get; }

    public GrantStatement Statement { get; }

    /// <summary>SHA-256 over the DER of the certificate whose key signed, 32 octets.</summary>
    public ReadOnlyMemory<byte> SignerThumbprint => _jws.CertificateThumbprint;

    /// <summary>What a child's policy names it by: SHA-256 over the token's ASCII octets.</summary>
    public byte[] Digest() => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    /// <summary>The policy that the child's certificates carry.</summary>
    public AgentPolicy ChildPolicy() => Statement.Policy.ChildOf(new ParentGrant(Statement.Parent, Digest()));

    /// <summary>Reads a grant; the signature is not looked at.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SignedGrant? grant, [NotNullWhen(false)] out string? error)
    {
        grant = null;
        if (!CompactJws.TryParse(text, out var jws, out var malformed))
        {
            error = malformed.Text;
            return false;
        }

        if (jws.Type != Type || jws.CertificateThumbprint.IsEmpty)
        {
            error = $"A grant's header has typ {Type} and names the signer's certificate by x5t#S256.";
            return false;
        }

        if (!GrantStatement.TryParse(jws.Payload, out var statement, out error))
        {
            return false;
        }

        grant = new SignedGrant(text, jws, statement);
        return true;
    }

    /// <summary>Signs a grant with the key of the parent's certificate.</summary>
    /// <exception cref="ArgumentException">Keys of that kind sign no JWS (composites and SLH-DSA have no algorithm in JOSE).</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot sign now.</exception>
    public static async ValueTask<SignedGrant> SignAsync(GrantStatement statement, ISigningKey key, Certificate signer, CancellationToken cancellationToken)
    {
        var text = await CompactJws.SignAsync(key, Type, signer.Fingerprint(), statement.Encode(), cancellationToken);
        return TryParse(text, out var grant, out var error) ? grant : throw new InvalidOperationException(error);
    }

    /// <summary>Why it is not the word of the agent of <paramref name="signer"/>; null: it is. Whether that certificate is good is another question.</summary>
    public string? WhyNotBy(Certificate signer, CryptoProviders providers) =>
        signer.SpiffeId != Statement.Parent ? $"the grant is of {Statement.Parent}, and the certificate of another"
        : !CryptographicOperations.FixedTimeEquals(SignerThumbprint.Span, signer.Fingerprint()) ? "the grant names another certificate (x5t#S256)"
        : signer.KeyUsages is { } usages && (usages & Extensions.KeyUsages.DigitalSignature) == 0 ? "the certificate's key signs nothing (keyUsage)"
        : !_jws.Verify(signer.PublicKey, providers) ? "the grant's signature is not of the certificate's key"
        : null;
}
