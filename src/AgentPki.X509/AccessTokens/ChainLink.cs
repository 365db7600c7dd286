using AgentPki.X509.Certificates;

namespace AgentPki.X509.AccessTokens;

/// <summary>One agent in the chain of a token, and the certificate by which it got its place there.</summary>
/// <param name="Agent">Its SPIFFE ID.</param>
/// <param name="Thumbprint">SHA-256 over the certificate's DER.</param>
/// <param name="Issuer">The certificate's authority key identifier: with the serial number what revocation feeds and stores know it by.</param>
/// <param name="Serial">Content octets of its serial number.</param>
public sealed record ChainLink(string Agent, ReadOnlyMemory<byte> Thumbprint, ReadOnlyMemory<byte> Issuer, ReadOnlyMemory<byte> Serial)
{
    public static ChainLink Of(string agent, Certificate certificate) => new(agent, certificate.Fingerprint(), certificate.AuthorityKeyIdentifier, certificate.SerialNumber);

    /// <summary>Whether that is the certificate meant.</summary>
    public bool Names(Certificate certificate) => Thumbprint.Span.SequenceEqual(certificate.Fingerprint());

    public bool Equals(ChainLink? other) => other is not null && Agent == other.Agent && Thumbprint.Span.SequenceEqual(other.Thumbprint.Span)
        && Issuer.Span.SequenceEqual(other.Issuer.Span) && Serial.Span.SequenceEqual(other.Serial.Span);

    public override int GetHashCode() => HashCode.Combine(Agent, Thumbprint.Length > 0 ? Thumbprint.Span[0] : 0);
}
