using System.Text;
using AgentPki.Load.Driving;
using AgentPki.Load.Http;

namespace AgentPki.Load.OAuth;

/// <summary>One client that asks for tokens again and again; each must be another one, and every <paramref name="sampleEvery"/>th is kept for <see cref="TokenSamples"/>.</summary>
internal sealed class TokenConversation(TokenClient client, TokenSamples samples, int sampleEvery) : Conversation
{
    private readonly byte[] _request = client.TokenRequest();
    private string _last = "";
    private long _answers;

    internal override HttpConnection Open() => HttpConnection.Open(client.Server, client.Tls.WithClient(client.Certificate));

    internal override ReadOnlyMemory<byte> Next() => _request;

    internal override string? Examine(in HttpAnswer answer, bool measured)
    {
        if (answer.Status != 200)
            return $"status {answer.Status}";
        if (TokenIn(answer.Body.Span) is not { } token)
            return "no token in the answer";
        if (token == _last)
            return "the same token again";
        _last = token;
        if (_answers++ % sampleEvery == 0)
            samples.Keep(token, client);
        return null;
    }

    /// <summary>The value of <c>access_token</c>, which has nothing in it that JSON would escape.</summary>
    internal static string? TokenIn(ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> name = "\"access_token\":\""u8;
        int at = json.IndexOf(name);
        int end = at < 0 ? -1 : json[(at + name.Length)..].IndexOf((byte)'"');
        return end < 1 ? null : Encoding.ASCII.GetString(json.Slice(at + name.Length, end));
    }
}
