using System.Diagnostics.CodeAnalysis;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using AgentPki.X509.Der;

namespace AgentPki.X509.Ocsp;

/// <summary>RFC 6960 §4.2.1 OCSPResponseStatus. The numbers are the wire's; 4 is not used.</summary>
public enum OcspResponseStatus : byte
{
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

/// <summary>An OCSPResponse (RFC 6960 §4.2.1): an error without content, or a signed BasicOCSPResponse.</summary>
public sealed class OcspResponse
{
    private OcspResponse(OcspResponseStatus status) => Status = status;

    public OcspResponseStatus Status { get; }

    /// <summary>Null for an error.</summary>
    public ResponseData? Data { get; private init; }

    public SignatureAlgorithm? SignatureAlgorithm { get; private init; }

    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>The certificates sent along: the delegated responder's, as a rule.</summary>
    public IReadOnlyList<Certificate> Certificates { get; private init; } = [];

    /// <summary>False for an error and for a wrong signature; who the responder is and whether it may answer is not checked.</summary>
    public bool VerifySignature(PublicKey responder, CryptoProviders providers) =>
        Data is not null && SignatureAlgorithm is not null && providers.Verify(responder, SignatureAlgorithm, Data.Encoded.Span, Signature.Span);

    /// <summary>An error response: nothing in it is signed (RFC 6960 §2.3).</summary>
    public static byte[] Error(OcspResponseStatus status) => status == OcspResponseStatus.Successful
        ? throw new ArgumentException("A successful response has content.", nameof(status))
        : [DerTag.Sequence, 3, DerTag.Enumerated, 1, (byte)status];

    /// <summary>Puts signed ResponseData, algorithm, signature and the responder's certificates into an OCSPResponse.</summary>
    public static byte[] Assemble(ReadOnlySpan<byte> responseData, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature, params IEnumerable<ReadOnlyMemory<byte>> certificates)
    {
        using var writer = new DerWriter(responseData.Length + signature.Length + 1536);
        using (writer.Sequence())
        {
            writer.WriteInteger((byte)OcspResponseStatus.Successful, DerTag.Enumerated);
            using var tagged = writer.Constructed(DerTag.ContextConstructed(0));
            using var responseBytes = writer.Sequence();
            writer.WriteOid(Oids.OcspBasicResponse);
            using var octets = writer.OctetString();
            using var basic = writer.Sequence();
            writer.WriteEncoded(responseData);
            writer.WriteEncoded(algorithm.AlgorithmIdentifier.Span);
            writer.WriteBitString(signature);
            var all = certificates.ToArray();
            if (all.Length > 0)
            {
                using var certs = writer.Constructed(DerTag.ContextConstructed(0));
                using var list = writer.Sequence();
                foreach (var certificate in all)
                {
                    writer.WriteEncoded(certificate.Span);
                }
            }
        }

        return writer.ToArray();
    }

    /// <exception cref="MalformedDataException">Not an OCSPResponse this build can read.</exception>
    public static OcspResponse Parse(ReadOnlyMemory<byte> der)
    {
        var outer = new DerReader(der);
        var sequence = outer.ReadSequence("OCSPResponse");
        outer.End("OCSPResponse");
        var status = (OcspResponseStatus)sequence.ReadInt32("responseStatus", 0, 6, DerTag.Enumerated);
        if (status == (OcspResponseStatus)4)
        {
            throw sequence.Malformed("responseStatus: 4 is not used");
        }

        if (status != OcspResponseStatus.Successful)
        {
            sequence.End("OCSPResponse");
            return new OcspResponse(status);
        }

        var tagged = sequence.ReadConstructed(DerTag.ContextConstructed(0), "responseBytes");
        sequence.End("OCSPResponse");
        var bytes = tagged.ReadSequence("responseBytes");
        tagged.End("responseBytes");
        if (bytes.ReadOid("responseType") is var type && type != Oids.OcspBasicResponse)
        {
            throw bytes.Malformed($"responseType: {type} where a basic response belongs");
        }

        var response = bytes.ReadOctetString("response");
        bytes.End("responseBytes");
        return ReadBasic(response);
    }

    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out OcspResponse? response, [NotNullWhen(false)] out string? error)
    {
        try
        {
            (response, error) = (Parse(der), null);
            return true;
        }
        catch (MalformedDataException e)
        {
            (response, error) = (null, e.Message);
            return false;
        }
    }

    private static OcspResponse ReadBasic(ReadOnlyMemory<byte> response)
    {
        var outer = new DerReader(response);
        var basic = outer.ReadSequence("BasicOCSPResponse");
        outer.End("BasicOCSPResponse");
        var data = basic.ReadElement(DerTag.Sequence, "tbsResponseData");
        var algorithm = AlgorithmIdentifiers.ReadSignature(ref basic, "signatureAlgorithm", out var identifier);
        var signature = basic.ReadBitStringOctets("signature");
        List<Certificate> certificates = [];
        if (basic.NextIs(DerTag.ContextConstructed(0)))
        {
            var tagged = basic.ReadConstructed(DerTag.ContextConstructed(0), "certs");
            certificates = CertsOnly.ReadCertificates(tagged.ReadSequence("certs"));
            tagged.End("certs");
        }

        basic.End("BasicOCSPResponse");
        return new OcspResponse(OcspResponseStatus.Successful)
        {
            Data = ResponseData.Parse(data),
            SignatureAlgorithm = algorithm ?? throw new MalformedDataException($"signatureAlgorithm: {AlgorithmIdentifiers.OidOf(identifier)} is not known here"),
            Signature = signature,
            Certificates = certificates,
        };
    }
}
