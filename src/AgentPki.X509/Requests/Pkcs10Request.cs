using System.Diagnostics.CodeAnalysis;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Requests;

/// <summary>A PKCS#10 CertificationRequest (RFC 2986 §4), parsed once, immutable. That it parses says nothing of its signature.</summary>
public sealed partial class Pkcs10Request
{
    private Pkcs10Request(byte[] der) => Der = der;

    /// <summary>The request as it came.</summary>
    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>CertificationRequestInfo: the octets the signature covers.</summary>
    public ReadOnlyMemory<byte> RequestInfo { get; private init; }

    public required X500Name Subject { get; init; }

    public required PublicKey PublicKey { get; init; }

    public required SignatureAlgorithm SignatureAlgorithm { get; init; }

    public ReadOnlyMemory<byte> Signature { get; private init; }

    public required IReadOnlyList<RequestAttribute> Attributes { get; init; }

    /// <summary>What the extensionRequest attribute asks for (RFC 2985 §5.4.2); empty when there is none. Never two of one type.</summary>
    public IReadOnlyList<X509Extension> RequestedExtensions { get; private init; } = [];

    /// <summary>The names of the requested subjectAltName; empty when there is none.</summary>
    public IReadOnlyList<GeneralName> SubjectAlternativeNames { get; private init; } = [];

    public BasicConstraints? RequestedBasicConstraints { get; private init; }

    public KeyUsages? RequestedKeyUsages { get; private init; }

    /// <summary>Dotted key purposes; null when the request asks for none.</summary>
    public IReadOnlyList<string>? RequestedExtendedKeyUsages { get; private init; }

    /// <summary>
    /// RFC 9883: says that whoever holds the key of another certificate, with which this request is signed, holds the private key of <see cref="PublicKey"/> too. Null
    /// for a request that is signed with its own key.
    /// </summary>
    public PossessionStatement? PossessionStatement { get; private init; }

    /// <summary>Another certificate that the requester says he holds (RFC 9763 §3.1); null when he names none. That it parses proves nothing.</summary>
    public RelatedCertificateRequest? RelatedCertificate { get; private init; }

    /// <summary>RFC 2985 §5.4.1; a secret: not for logs.</summary>
    public string? ChallengePassword { get; private init; }

    /// <exception cref="MalformedDataException">Not a request this build can take; the message says why.</exception>
    public static Pkcs10Request Parse(ReadOnlyMemory<byte> der) => TryParse(der, out var request, out var error) ? request : throw new MalformedDataException(error.Detail);

    /// <summary>False with the kind of the error for malformed octets, unknown algorithms and invalid keys; never throws for what came from outside.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out Pkcs10Request? request, [NotNullWhen(false)] out RequestError? error)
    {
        request = null;
        if (der.Length > Limits.RequestOctets)
        {
            error = new RequestError(RequestErrorKind.Malformed, $"A request of {der.Length} octets; at most {Limits.RequestOctets} are taken.");
            return false;
        }

        try
        {
            request = Read(der.ToArray(), out error);
            return request is not null;
        }
        catch (MalformedDataException e)
        {
            error = new RequestError(RequestErrorKind.Malformed, e.Message);
            return false;
        }
    }

    /// <summary>Whether the requester holds the private key (proof of possession). False where another key signs (<see cref="PossessionStatement"/>).</summary>
    public bool VerifySignature(CryptoProviders providers) => PossessionStatement is null && providers.Verify(PublicKey, SignatureAlgorithm, RequestInfo.Span, Signature.Span);

    /// <summary>Whether the holder of <paramref name="signer"/>'s private key made this request (RFC 9883); whose certificate that is, and whether it is good, is the caller's to know.</summary>
    public bool VerifySignature(Certificate signer, CryptoProviders providers) =>
        PossessionStatement is { } statement && statement.IsMadeBy(signer) && providers.Verify(signer.PublicKey, SignatureAlgorithm, RequestInfo.Span, Signature.Span);

    private static Pkcs10Request? Read(byte[] der, out RequestError? error)
    {
        error = null;
        var outer = new DerReader(der);
        var sequence = outer.ReadSequence("CertificationRequest");
        outer.End("CertificationRequest");
        var requestInfo = sequence.ReadElement(DerTag.Sequence, "certificationRequestInfo");
        var info = sequence.Inside(requestInfo).ReadSequence("certificationRequestInfo");
        info.ReadInt32("version", 0, 0);
        var subject = X500Name.Read(ref info, "subject");
        var key = SubjectPublicKeys.Read(ref info, out var unsupportedKey, out var keyError);
        // attributes [0] IMPLICIT SET OF: mandatory, though some encoders leave an empty one out.
        var attributes = info.IsEmpty ? [] : RequestAttribute.ReadAll(info.ReadConstructed(DerTag.ContextConstructed(0), "attributes"), "attributes");
        info.End("certificationRequestInfo");
        var algorithm = AlgorithmIdentifiers.ReadSignature(ref sequence, "signatureAlgorithm", out var encodedAlgorithm);
        var signature = sequence.ReadBitStringOctets("signature");
        sequence.End("CertificationRequest");
        var extensions = ReadExtensionRequest(attributes);
        var statement = SingleValue(attributes, Oids.StatementOfPossession) is { } possession ? PossessionStatement.Parse(possession) : null;

        if (key is null)
        {
            error = new RequestError(unsupportedKey ? RequestErrorKind.UnsupportedAlgorithm : RequestErrorKind.BadKey, keyError ?? "The public key is not valid.");
            return null;
        }

        // What another key than the request's own signs with is known when that key is (RFC 9883).
        if (algorithm is null || (statement is null && !algorithm.Fits(key.Algorithm)))
        {
            error = new RequestError(RequestErrorKind.UnsupportedAlgorithm, WhyNotSigned(algorithm, encodedAlgorithm, key));
            return null;
        }

        var (alternativeKey, alternativeSignature) = ReadAlternative(attributes, out error);
        if (error is not null)
        {
            return null;
        }

        return new Pkcs10Request(der)
        {
            RequestInfo = requestInfo,
            Subject = subject,
            PublicKey = key,
            SignatureAlgorithm = algorithm,
            Signature = signature,
            Attributes = attributes,
            AlternativePublicKey = alternativeKey,
            AlternativeSignature = alternativeSignature,
            RelatedCertificate = SingleValue(attributes, Oids.RelatedCertRequest) is { } related ? RelatedCertificateRequest.Parse(related) : null,
            RequestedExtensions = extensions,
            SubjectAlternativeNames = Value(extensions, Oids.SubjectAlternativeName) is { } san ? ExtensionReaders.GeneralNames(san, "subjectAltName") : [],
            RequestedBasicConstraints = Value(extensions, Oids.BasicConstraints) is { } constraints ? BasicConstraints.Parse(constraints) : null,
            RequestedKeyUsages = Value(extensions, Oids.KeyUsage) is { } usage ? ExtensionReaders.KeyUsage(usage) : null,
            RequestedExtendedKeyUsages = Value(extensions, Oids.ExtendedKeyUsage) is { } purposes ? ExtensionReaders.ExtendedKeyUsage(purposes) : null,
            ChallengePassword = ReadChallengePassword(attributes),
            PossessionStatement = statement,
        };
    }

    private static string WhyNotSigned(SignatureAlgorithm? algorithm, ReadOnlyMemory<byte> encoded, PublicKey key) => (algorithm, key.Algorithm.CanSign) switch
    {
        (_, false) => $"A key of kind {key.Algorithm.Name} signs nothing, not even a request for its own certificate: sign it with the key of a certificate that you have, and name that in a statement of possession (RFC 9883), or use serverkeygen.",
        (null, _) => $"The request's signature algorithm is not taken. {AlgorithmIdentifiers.DescribeUnknown(encoded)}",
        _ => $"The request is signed with {algorithm.Name}, which a key of kind {key.Algorithm.Name} cannot do.",
    };

    private static ReadOnlyMemory<byte>? Value(IReadOnlyList<X509Extension> extensions, string oid)
    {
        foreach (var extension in extensions)
        {
            if (extension.Oid == oid)
            {
                return extension.Value;
            }
        }

        return null;
    }

    private static IReadOnlyList<X509Extension> ReadExtensionRequest(List<RequestAttribute> attributes)
    {
        if (SingleValue(attributes, Oids.ExtensionRequest) is not { } value)
        {
            return [];
        }

        var reader = new DerReader(value);
        // An empty Extensions is not allowed, but several clients send one when they ask for nothing.
        if (value.Span.SequenceEqual((ReadOnlySpan<byte>)[0x30, 0x00]))
        {
            return [];
        }

        var extensions = X509Extension.ReadAll(ref reader, "extensionRequest");
        reader.End("extensionRequest");
        return X509Extension.FindDuplicate(extensions) is { } duplicate
            ? throw new MalformedDataException($"extensionRequest: extension {duplicate} occurs twice")
            : extensions;
    }

    private static string? ReadChallengePassword(List<RequestAttribute> attributes)
    {
        if (SingleValue(attributes, Oids.ChallengePassword) is not { } value)
        {
            return null;
        }

        var reader = new DerReader(value);
        var password = reader.ReadString("challengePassword");
        reader.End("challengePassword");
        return password;
    }

    // All of these attributes are SINGLE VALUE (RFC 2985 §5.4 for the two of PKCS#9); a second one would let two readers see two requests.
    private static ReadOnlyMemory<byte>? SingleValue(List<RequestAttribute> attributes, string oid)
    {
        ReadOnlyMemory<byte>? found = null;
        foreach (var attribute in attributes)
        {
            if (attribute.Oid != oid)
            {
                continue;
            }

            if (found is not null || attribute.Values.Count != 1)
            {
                throw new MalformedDataException($"attributes: attribute {oid} occurs more than once or does not have one value");
            }

            found = attribute.Values[0];
        }

        return found;
    }
}
