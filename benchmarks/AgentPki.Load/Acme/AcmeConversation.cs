using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Load.Driving;
using AgentPki.Load.Http;

namespace AgentPki.Load.Acme;

/// <summary>A name, and the request for it, made before the clock starts.</summary>
internal sealed record AcmeWish(string Name, string Csr, byte[] PublicKey);

/// <summary>
/// One client: newOrder → authorization → challenge → (order, while it is pending) → finalize → certificate, again and again. An operation is a
/// certificate in hand that is for the name and the key that were asked for, of a serial number of its own, below the given root.
/// </summary>
internal sealed class AcmeConversation(LoopbackTarget server, TlsSettings tls, AcmeSigner signer, AcmeDirectory directory, ChallengeResponder responder, IssuedChains issued, AcmeWish[] wishes) : Conversation
{
    private enum Step
    {
        Order,
        Authorization,
        Challenge,
        Poll,
        Finalize,
        Certificate,
    }

    private Step _step = Step.Order;
    private string? _nonce;
    private string _url = "";
    private string _order = "";
    private string _finalize = "";
    private string _token = "";
    private int _wish;
    private bool _complete = true;

    internal override bool IsComplete => _complete;

    internal override HttpConnection Open() => HttpConnection.Open(server, tls);

    internal override ReadOnlyMemory<byte> Next()
    {
        AcmeWish wish = wishes[_wish % wishes.Length];
        string nonce = _nonce ?? directory.FreshNonce();
        _nonce = null;
        return _step switch
        {
            Step.Order => signer.Post(server, directory.NewOrder, nonce, $"{{\"identifiers\":[{{\"type\":\"dns\",\"value\":\"{wish.Name}\"}}]}}"),
            Step.Challenge => signer.Post(server, _url, nonce, "{}"),
            Step.Finalize => signer.Post(server, _finalize, nonce, $"{{\"csr\":\"{wish.Csr}\"}}"),
            _ => signer.Post(server, _url, nonce, ""),
        };
    }

    internal override string? Examine(in HttpAnswer answer, bool measured)
    {
        _complete = false;
        ReadOnlySpan<byte> nonce = HttpConnection.HeaderValue(answer.Head.Span, "replay-nonce"u8);
        _nonce = nonce.IsEmpty ? null : Encoding.ASCII.GetString(nonce);
        if (answer.Status is not (200 or 201))
            return Fail($"{_step}: status {answer.Status} {Problem(answer)}");
        if (_step == Step.Certificate)
            return Finish(answer);
        using JsonDocument json = JsonDocument.Parse(answer.Body);
        JsonElement root = json.RootElement;
        string status = Text(root, "status");
        switch (_step)
        {
            case Step.Order:
                _order = Encoding.ASCII.GetString(HttpConnection.HeaderValue(answer.Head.Span, "location"u8));
                _finalize = Text(root, "finalize");
                (_step, _url) = status == "ready" ? (Step.Finalize, "") : (Step.Authorization, root.GetProperty("authorizations")[0].GetString() ?? "");
                return null;
            case Step.Authorization:
                JsonElement challenge = root.GetProperty("challenges").EnumerateArray().First(c => Text(c, "type") == "http-01");
                _token = Text(challenge, "token");
                responder.Expect(_token, $"{_token}.{signer.Thumbprint}");
                (_step, _url) = (Step.Challenge, Text(challenge, "url"));
                return null;
            case Step.Challenge or Step.Poll when status is "processing" or "pending":
                (_step, _url) = (Step.Poll, _order);
                Thread.Sleep(5);
                return null;
            case Step.Challenge or Step.Poll when status is "valid" or "ready":
                responder.Forget(_token);
                _step = Step.Finalize;
                return null;
            case Step.Finalize when status == "valid":
                (_step, _url) = (Step.Certificate, Text(root, "certificate"));
                return null;
            default:
                return Fail($"{_step}: {status}");
        }
    }

    private string? Finish(in HttpAnswer answer)
    {
        AcmeWish wish = wishes[_wish++ % wishes.Length];
        (_step, _complete) = (Step.Order, true);
        string pem = Encoding.ASCII.GetString(answer.Body.Span);
        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(pem);
        return !certificate.MatchesHostname(wish.Name) ? "a certificate for another name"
            : !certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(wish.PublicKey) ? "a certificate for another key"
            : issued.Examine(certificate, pem);
    }

    private string Fail(string fault)
    {
        (_step, _complete) = (Step.Order, true);
        _wish++;
        return fault;
    }

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";

    private static string Problem(in HttpAnswer answer)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(answer.Body);
            return Text(json.RootElement, "type").Replace("urn:ietf:params:acme:error:", "", StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return "";
        }
    }
}
