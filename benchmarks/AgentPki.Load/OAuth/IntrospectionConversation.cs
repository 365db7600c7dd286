using System.Text;
using AgentPki.Load.Driving;
using AgentPki.Load.Http;

namespace AgentPki.Load.OAuth;

/// <summary>One client that asks about tokens in turn; each must be active, and its holder's.</summary>
internal sealed class IntrospectionConversation(TokenClient asker, IReadOnlyList<(TokenClient Holder, string Token)> tokens, int first) : Conversation
{
    private readonly byte[][] _requests = [.. tokens.Select(t => asker.Introspection(t.Token))];
    private readonly byte[][] _holders = [.. tokens.Select(t => Encoding.ASCII.GetBytes($"\"client_id\":\"{t.Holder.Id}\""))];
    private int _next = first % tokens.Count;

    internal override HttpConnection Open() => HttpConnection.Open(asker.Server, asker.Tls.WithClient(asker.Certificate));

    internal override ReadOnlyMemory<byte> Next() => _requests[_next = (_next + 1) % _requests.Length];

    internal override string? Examine(in HttpAnswer answer, bool measured) =>
        answer.Status != 200 ? $"status {answer.Status}"
        : answer.Body.Span.IndexOf("\"active\":true"u8) < 0 ? "not active"
        : answer.Body.Span.IndexOf(_holders[_next]) < 0 ? "another holder's"
        : null;
}
