using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Requests;

/// <summary>What a request may carry beside its subject and its names.</summary>
public sealed record Pkcs10Options
{
    /// <summary>Null: the key's default.</summary>
    public SignatureAlgorithm? SignatureAlgorithm { get; init; }

    /// <summary>Requested extensions beside subjectAltName.</summary>
    public IReadOnlyList<X509Extension> Extensions { get; init; } = [];

    public string? ChallengePassword { get; init; }

    /// <summary>A second key that is to stand in the same certificate (X.509 (2019) §9.8), and proves its possession in the same request.</summary>
    public ISigningKey? AlternativeKey { get; init; }

    /// <summary>
    /// For a key that cannot sign, or is not to (ML-KEM, ECDH): the certificate whose key signs the request, and which the request names in a statement of possession
    /// (RFC 9883). Null: the request is signed with its own key.
    /// </summary>
    public Certificate? PossessionBy { get; init; }

    /// <summary>Further attributes (RFC 7030 §4.4.1 DecryptKeyIdentifier and the like).</summary>
    public IReadOnlyList<RequestAttribute> Attributes { get; init; } = [];
}

public sealed partial class Pkcs10Request
{
    /// <summary>Makes and signs a request with a subjectAltName of <paramref name="names"/>; its DER.</summary>
    public static ValueTask<byte[]> CreateAsync(X500Name subject, IEnumerable<GeneralName> names, ISigningKey key, CancellationToken cancellationToken) =>
        CreateAsync(subject, names, key, new Pkcs10Options(), cancellationToken);

    public static ValueTask<byte[]> CreateAsync(X500Name subject, IEnumerable<GeneralName> names, ISigningKey key, Pkcs10Options options, CancellationToken cancellationToken) =>
        CreateAsync(subject, names, key.PublicKey, key, options, cancellationToken);

    /// <summary>
    /// Makes a request for <paramref name="publicKey"/> that another key signs: that of the certificate in <see cref="Pkcs10Options.PossessionBy"/> (RFC 9883), or, for EST
    /// serverkeygen, where the request's key only receives the answer, any.
    /// </summary>
    public static async ValueTask<byte[]> CreateAsync(
        X500Name subject, IEnumerable<GeneralName> names, PublicKey publicKey, ISigningKey signer, Pkcs10Options options, CancellationToken cancellationToken)
    {
        if (options.PossessionBy is { } certificate && !certificate.PublicKey.Equals(signer.PublicKey))
        {
            throw new ArgumentException("The statement of possession names a certificate that is not that of the signing key.", nameof(options));
        }

        var algorithm = options.SignatureAlgorithm ?? signer.Algorithm.DefaultSignature;
        RequestAttribute[] attributes = [.. EncodeAttributes(subject, [.. names], options)];
        if (options.AlternativeKey is { } alternative)
        {
            // The alternative signature first, over everything but itself; the request's own signature covers it.
            var alternativeAlgorithm = alternative.Algorithm.DefaultSignature;
            attributes = [.. attributes, .. EncodeAlternative(alternative.PublicKey, alternativeAlgorithm)];
            var covered = EncodeInfo(subject, publicKey, attributes);
            attributes = [.. attributes, EncodeAlternativeValue(await alternative.SignAsync(alternativeAlgorithm, covered, cancellationToken))];
        }

        var info = EncodeInfo(subject, publicKey, attributes);
        var signature = await signer.SignAsync(algorithm, info, cancellationToken);
        return Certificate.Assemble(info, algorithm, signature);
    }

    private static byte[] EncodeInfo(X500Name subject, PublicKey key, RequestAttribute[] all)
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            writer.WriteInteger(0);
            writer.WriteEncoded(subject.Der.Span);
            writer.WriteEncoded(key.SubjectPublicKeyInfo.Span);
            using var attributes = writer.SetOf(DerTag.ContextConstructed(0));
            foreach (var attribute in all)
            {
                attribute.Write(writer);
            }
        }

        return writer.ToArray();
    }

    private static IEnumerable<RequestAttribute> EncodeAttributes(X500Name subject, GeneralName[] names, Pkcs10Options options)
    {
        var extensions = new List<X509Extension>(options.Extensions);
        if (names.Length > 0)
        {
            // RFC 5280 §4.2.1.6: critical when the subject is empty.
            extensions.Insert(0, X509Extension.SubjectAlternativeName(names, critical: subject.IsEmpty));
        }

        if (extensions.Count > 0)
        {
            using var writer = new DerWriter();
            X509Extension.WriteAll(writer, extensions);
            yield return new RequestAttribute(Oids.ExtensionRequest, [writer.ToArray()]);
        }

        if (options.ChallengePassword is { } password)
        {
            using var writer = new DerWriter(64);
            writer.WriteString(DerTag.Utf8String, password);
            yield return new RequestAttribute(Oids.ChallengePassword, [writer.ToArray()]);
        }

        if (options.PossessionBy is { } certificate)
        {
            yield return new RequestAttribute(Oids.StatementOfPossession, [PossessionStatement.By(certificate).Encode()]);
        }

        foreach (var attribute in options.Attributes)
        {
            yield return attribute;
        }
    }
}
