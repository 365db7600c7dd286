using System.Text;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Jws;
using AgentPki.Protocols.Acme.Nonces;
using AgentPki.Protocols.Tests.Harness;
using Microsoft.Extensions.Time.Testing;
using AgentPki.Testing.Jose;

namespace AgentPki.Protocols.Tests.Acme.Jws;

/// <summary>An ACME server as far as a JWS sees one: nonces, one account, and what a client would send to it.</summary>
internal sealed class AcmeScene
{
    public const string Url = "https://ca.example/acme/order/1";
    public const string AccountUrl = "https://ca.example/acme/account/abc";

    private readonly FakeTimeProvider _time = new();

    public AcmeScene()
    {
        Nonces = new AcmeNonces(new AcmeNonceOptions(), _time);
        Nonce = Nonces.Create();
        Key = Account;
    }

    /// <summary>The account's key.</summary>
    public static ISigningKey Account => JwsMaker.Key(KeyAlgorithm.EcdsaP256);

    public AcmeNonces Nonces { get; }

    public int Lookups { get; private set; }

    // What the client sends; each may be changed before.

    public string? ContentType { get; set; } = "application/jose+json";

    public string Alg { get; set; } = "ES256";

    public string? Nonce { get; set; }

    public string? SignedUrl { get; set; } = Url;

    public string? Kid { get; set; } = AccountUrl;

    public string? Jwk { get; set; }

    /// <summary>More of the header, with a comma in front.</summary>
    public string More { get; set; } = "";

    public string Payload { get; set; } = "{}";

    /// <summary>Signs.</summary>
    public ISigningKey Key { get; set; }

    public Func<string, string>? Change { get; set; }

    public AcmeKeyNaming Naming { get; set; } = AcmeKeyNaming.AccountUrl;

    public AcmeScene With(Action<AcmeScene> change)
    {
        change(this);
        return this;
    }

    /// <summary>Carries the key itself.</summary>
    public AcmeScene AsNewAccount(ISigningKey key, string alg)
    {
        (Naming, Kid, Jwk, Key, Alg) = (AcmeKeyNaming.Key, null, JwsMaker.JwkOf(key), key, alg);
        return this;
    }

    public void Age(TimeSpan by) => _time.Advance(by);

    public string Body()
    {
        string?[] members =
        [
            $"\"alg\":\"{Alg}\"",
            Nonce is null ? null : $"\"nonce\":\"{Nonce}\"",
            SignedUrl is null ? null : $"\"url\":\"{SignedUrl}\"",
            Kid is null ? null : $"\"kid\":\"{Kid}\"",
            Jwk is null ? null : $"\"jwk\":{Jwk}",
        ];
        var body = JwsMaker.Signed(Key, $"{{{string.Join(',', members.Where(m => m is not null))}{More}}}", Payload);
        return Change is null ? body : Change(body);
    }

    public async Task<AcmeRequestResult> SendAsync(string? body = null) =>
        await new AcmeRequestReader(Nonces, JwsMaker.Providers).ReadAsync(ContentType, Encoding.UTF8.GetBytes(body ?? Body()), Url, Naming, FindAsync, CancellationToken.None);

    public async Task<AcmeRequest> VerifiedAsync()
    {
        var result = await SendAsync();
        return Assert.IsType<AcmeRequestResult.Verified>(result).Request;
    }

    private ValueTask<AcmeAccountKey?> FindAsync(string accountUrl, CancellationToken cancellationToken)
    {
        Lookups++;
        return ValueTask.FromResult(accountUrl == AccountUrl ? new AcmeAccountKey("abc", Account.PublicKey) : null);
    }
}
