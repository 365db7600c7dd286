using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using AgentPki.Client.Tokens;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.X509;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.AgentPolicies;
using PlatformKey = System.Security.Cryptography.X509Certificates.PublicKey;

namespace AgentPki.Client.Tests.Peers;

/// <content>Access tokens, as the appliance signs them.</content>
internal sealed partial class PeerWorld
{
    public const string Issuer = "https://pki.test";
    public const string Resource = "https://tools.test";

    /// <summary>What <c>/oauth/jwks</c> gives: keys as JSON.</summary>
    public List<string> KeySet { get; } = [];

    public bool KeysAreDown { get; set; }

    public int KeyQuestions { get; private set; }

    /// <summary>A signer of tokens, published.</summary>
    /// <param name="purpose">What its certificate is for.</param>
    /// <param name="selfSigned">Its certificate is its own, under no anchor.</param>
    public async Task<(ISigningKey Key, X509Certificate2 Certificate)> TokenSignerAsync(string purpose = Oids.AccessTokens, bool selfSigned = false)
    {
        var key = await new PlatformProvider().GenerateAsync(new KeySpec("tokens", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), CancellationToken.None);
        var request = new CertificateRequest(new X500DistinguishedName("CN=Tokens"), PlatformKey.CreateFromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, out _), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = selfSigned
            ? request.Create(new X500DistinguishedName("CN=Somebody"), X509SignatureGenerator.CreateForECDsa(other), Start.AddHours(-1), Start.AddDays(1), [1, 2, 3])
            : Issue(request);
        KeySet.Add($$"""{"kty":"EC","kid":"{{Jwk.Of(key.PublicKey).Thumbprint()}}","x5c":["{{Convert.ToBase64String(certificate.RawData)}}","{{Convert.ToBase64String(_issuing.RawData)}}"]}""");
        return (key, certificate);
    }

    /// <summary>A token of a chain of agents, bound to the last one's certificate.</summary>
    public AccessToken Token(params X509Certificate2[] chain) => new(
        Issuer, "1", [Resource], ScopeSet.Of("tool.invoke:crm/**"), Clock.GetUtcNow(), Clock.GetUtcNow().AddMinutes(5), Parsed(chain[^1]).Fingerprint(),
        [.. chain.Select(c => ChainLink.Of(Parsed(c).SpiffeId!.ToString(), Parsed(c)))]);

    public static async Task<string> SignAsync(ISigningKey key, AccessToken token) => await CompactJws.SignAsync(key, AccessToken.JwsType, token.Encode(), CancellationToken.None);

    public TokenVerifier Tokens(PeerGate gate, bool takesUnbound = false) =>
        new(new TokenVerifierOptions(new Uri(Server), Issuer, Resource) { TakesUnbound = takesUnbound }, [Root], gate.Follower.View, Clock, handler: Handler());
}
