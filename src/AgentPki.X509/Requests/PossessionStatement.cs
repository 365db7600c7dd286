using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Requests;

/// <summary>
/// RFC 9883 §3 PrivateKeyPossessionStatement: the holder of a signature certificate states that it holds the private key of the request's public key, which cannot
/// sign for itself (ML-KEM, ECDH). The statement is signed by signing the request.
/// </summary>
public sealed record PossessionStatement
{
    private PossessionStatement(X500Name issuer, ReadOnlyMemory<byte> serialNumber, Certificate? certificate) =>
        (Issuer, SerialNumber, Certificate) = (issuer, serialNumber, certificate);

    /// <summary>Issuer of the certificate whose key signs the request.</summary>
    public X500Name Issuer { get; }

    /// <summary>Content octets of its serial number.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; }

    /// <summary>The certificate itself; null where the CA has it already.</summary>
    public Certificate? Certificate { get; }

    /// <summary>The statement of a certificate's holder, the certificate sent along.</summary>
    public static PossessionStatement By(Certificate certificate) => new(certificate.Issuer, certificate.SerialNumber, certificate);

    /// <summary>Whether the statement names that certificate.</summary>
    public bool IsMadeBy(Certificate certificate) => Issuer.Equals(certificate.Issuer) && SerialNumber.Span.SequenceEqual(certificate.SerialNumber.Span);

    /// <summary>The DER PrivateKeyPossessionStatement: SEQUENCE { signer IssuerAndSerialNumber, cert Certificate OPTIONAL }.</summary>
    public byte[] Encode()
    {
        using var writer = new DerWriter(1024);
        using (writer.Sequence())
        {
            using (writer.Sequence())
            {
                writer.WriteEncoded(Issuer.Der.Span);
                writer.Write(DerTag.Integer, SerialNumber.Span);
            }

            if (Certificate is not null)
            {
                writer.WriteEncoded(Certificate.Der.Span);
            }
        }

        return writer.ToArray();
    }

    /// <exception cref="MalformedDataException">Not such a statement, or its certificate is not the one it names.</exception>
    public static PossessionStatement Parse(ReadOnlyMemory<byte> der)
    {
        var outer = new DerReader(der);
        var sequence = outer.ReadSequence("statementOfPossession");
        outer.End("statementOfPossession");
        var signer = sequence.ReadSequence("signer");
        var issuer = X500Name.Read(ref signer, "signer.issuer");
        var serial = signer.ReadIntegerContent("signer.serialNumber");
        signer.End("signer");
        var certificate = sequence.IsEmpty ? null : Certificate.Parse(sequence.ReadElement(DerTag.Sequence, "cert"));
        sequence.End("statementOfPossession");
        var statement = new PossessionStatement(issuer, serial, certificate);
        return certificate is null || statement.IsMadeBy(certificate)
            ? statement
            : throw sequence.Malformed("statementOfPossession: the certificate sent along is not the one that the signer field names");
    }
}
