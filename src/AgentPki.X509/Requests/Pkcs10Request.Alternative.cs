using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Requests;

/// <summary>
/// A request for a certificate over two keys: subjectAltPublicKeyInfo, altSignatureAlgorithm and altSignatureValue as attributes, each with one value
/// (draft-truskovsky-lamps-pq-hybrid-x509-01 §4, with the object identifiers of X.509 (2019) §9.8; what BouncyCastle for Java makes and takes). X.509 itself says nothing of requests.
/// </summary>
public sealed partial class Pkcs10Request
{
    /// <summary>The second key that is to be certified; null when the request is about one key.</summary>
    public PublicKey? AlternativePublicKey { get; private init; }

    /// <summary>The second proof of possession, by that key; null exactly when <see cref="AlternativePublicKey"/> is.</summary>
    public AlternativeSignature? AlternativeSignature { get; private init; }

    /// <summary>
    /// Whether the requester holds the alternative private key too; false when there is none. The signature covers the CertificationRequestInfo without the attribute
    /// that holds it.
    /// </summary>
    public bool VerifyAlternativeSignature(CryptoProviders providers) =>
        AlternativePublicKey is { } key && AlternativeSignature is { } signature && signature.Verify(key, WithoutValue(RequestInfo), providers);

    /// <summary>Reads the three attributes; both null when there is none of them, and an error when they are not there all together.</summary>
    private static (PublicKey? Key, AlternativeSignature? Signature) ReadAlternative(List<RequestAttribute> attributes, out RequestError? error)
    {
        error = null;
        var encodedKey = SingleValue(attributes, Oids.SubjectAltPublicKeyInfo);
        var encodedAlgorithm = SingleValue(attributes, Oids.AltSignatureAlgorithm);
        var encodedValue = SingleValue(attributes, Oids.AltSignatureValue);
        if (encodedKey is null && encodedAlgorithm is null && encodedValue is null)
        {
            return default;
        }

        if (encodedKey is not { } keyOctets || encodedAlgorithm is null || encodedValue is null)
        {
            throw new MalformedDataException("attributes: subjectAltPublicKeyInfo, altSignatureAlgorithm and altSignatureValue belong together; one of them is missing");
        }

        var reader = new DerReader(keyOctets);
        var key = SubjectPublicKeys.Read(ref reader, out var unsupported, out var keyError);
        reader.End("subjectAltPublicKeyInfo");
        var signature = AlternativeSignature.Read(encodedAlgorithm, encodedValue);
        if (key is null)
        {
            error = new RequestError(unsupported ? RequestErrorKind.UnsupportedAlgorithm : RequestErrorKind.BadKey, $"The alternative key: {keyError ?? "not valid."}");
        }
        else if (signature.Algorithm is not { } algorithm)
        {
            error = new RequestError(RequestErrorKind.UnsupportedAlgorithm, $"The alternative signature algorithm {AlgorithmIdentifiers.OidOf(signature.Identifier)} (with its parameters) is not one this appliance knows.");
        }
        else if (!algorithm.Fits(key.Algorithm))
        {
            error = new RequestError(RequestErrorKind.UnsupportedAlgorithm, $"The alternative signature is {algorithm.Name}, which a key of kind {key.Algorithm.Name} cannot make.");
        }

        return (key, signature);
    }

    // The other attributes in the order of the octets; a sender that sorts its set (X.690 §11.6) signed exactly these.
    private static byte[] WithoutValue(ReadOnlyMemory<byte> requestInfo)
    {
        var info = new DerReader(requestInfo).ReadSequence("certificationRequestInfo");
        using var writer = new DerWriter(requestInfo.Length);
        using (writer.Sequence())
        {
            while (!info.IsEmpty)
            {
                if (!info.NextIs(DerTag.ContextConstructed(0)))
                {
                    writer.WriteEncoded(info.ReadElement("certificationRequestInfo").Span);
                    continue;
                }

                var attributes = info.ReadConstructed(DerTag.ContextConstructed(0), "attributes");
                using var set = writer.Constructed(DerTag.ContextConstructed(0));
                while (!attributes.IsEmpty)
                {
                    var attribute = attributes.ReadElement(DerTag.Sequence, "attribute");
                    if (attributes.Inside(attribute).ReadSequence("attribute").ReadOid("type") != Oids.AltSignatureValue)
                    {
                        writer.WriteEncoded(attribute.Span);
                    }
                }
            }
        }

        return writer.ToArray();
    }

    private static IEnumerable<RequestAttribute> EncodeAlternative(PublicKey key, SignatureAlgorithm algorithm)
    {
        yield return new RequestAttribute(Oids.SubjectAltPublicKeyInfo, [key.SubjectPublicKeyInfo]);
        yield return new RequestAttribute(Oids.AltSignatureAlgorithm, [algorithm.AlgorithmIdentifier]);
    }

    private static RequestAttribute EncodeAlternativeValue(ReadOnlySpan<byte> signature) => new(Oids.AltSignatureValue, [X509Extension.AltSignatureValue(signature).Value]);
}
