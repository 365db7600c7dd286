using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Tests.Enrollment;

/// <summary>Requests that no honest client makes.</summary>
internal static class Pkcs10Requests
{
    /// <summary>The same request under the signature of another key.</summary>
    public static async Task<Pkcs10Request> ResignAsync(Pkcs10Request request, ISigningKey key)
    {
        var algorithm = key.Algorithm.DefaultSignature;
        var signature = await key.SignAsync(algorithm, request.RequestInfo, CancellationToken.None);
        return Pkcs10Request.Parse(Certificate.Assemble(request.RequestInfo.Span, algorithm, signature));
    }

    /// <summary>The same request with the statement of another certificate's holder, its signature left as it was.</summary>
    public static Pkcs10Request WithStatement(Pkcs10Request request, Certificate signer)
    {
        using var writer = new DerWriter();
        using (writer.Sequence())
        {
            writer.WriteInteger(0);
            writer.WriteEncoded(request.Subject.Der.Span);
            writer.WriteEncoded(request.PublicKey.SubjectPublicKeyInfo.Span);
            using var attributes = writer.SetOf(DerTag.ContextConstructed(0));
            using var attribute = writer.Sequence();
            writer.WriteOid(Oids.StatementOfPossession);
            using var values = writer.SetOf();
            writer.WriteEncoded(PossessionStatement.By(signer).Encode());
        }

        return Pkcs10Request.Parse(Certificate.Assemble(writer.Written, request.SignatureAlgorithm, request.Signature.Span));
    }
}
