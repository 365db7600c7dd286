using AgentPki.Load.Driving;
using AgentPki.Load.Http;

namespace AgentPki.Load.Status;

/// <summary>Asks the same few questions in turn and judges each answer with <paramref name="judge"/>.</summary>
internal sealed class StatusConversation(LoopbackTarget target, TlsSettings? tls, byte[][] requests, Func<int, HttpAnswer, string?> judge) : Conversation
{
    private int _next = -1;

    internal override HttpConnection Open() => HttpConnection.Open(target, tls);

    internal override ReadOnlyMemory<byte> Next() => requests[_next = (_next + 1) % requests.Length];

    internal override string? Examine(in HttpAnswer answer, bool measured) =>
        answer.Status == 200 ? judge(_next, answer) : $"status {answer.Status}";
}
