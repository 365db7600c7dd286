using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Load.Http;

namespace AgentPki.Load.Acme;

/// <summary>One account's key: signs requests with ES256 (RFC 7518 §3.4) as flattened JWS (RFC 7515 §7.2.2). Used by several threads.</summary>
internal sealed class AcmeSigner
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Lock _signing = new();

    internal AcmeSigner()
    {
        ECPoint point = _key.ExportParameters(false).Q;
        Jwk = $"{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{Base64Url.EncodeToString(point.X)}\",\"y\":\"{Base64Url.EncodeToString(point.Y)}\"}}";
        Thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Jwk)));
    }

    internal string Jwk { get; }

    /// <summary>RFC 7638.</summary>
    internal string Thumbprint { get; }

    /// <summary>The account's URL; null: the key names itself.</summary>
    internal string? Account { get; set; }

    /// <summary>A whole request.</summary>
    internal byte[] Post(LoopbackTarget server, string url, string nonce, string payload)
    {
        string who = Account is null ? $"\"jwk\":{Jwk}" : $"\"kid\":\"{Account}\"";
        string header = Base64Url.EncodeToString(Encoding.ASCII.GetBytes($"{{\"alg\":\"ES256\",\"nonce\":\"{nonce}\",\"url\":\"{url}\",{who}}}"));
        string content = Base64Url.EncodeToString(Encoding.ASCII.GetBytes(payload));
        byte[] signature;
        lock (_signing)
            signature = _key.SignData(Encoding.ASCII.GetBytes($"{header}.{content}"), HashAlgorithmName.SHA256);
        byte[] body = Encoding.ASCII.GetBytes($"{{\"protected\":\"{header}\",\"payload\":\"{content}\",\"signature\":\"{Base64Url.EncodeToString(signature)}\"}}");
        return RequestBytes.Post(server.WithPath(new Uri(url).PathAndQuery), "application/jose+json", body);
    }
}
