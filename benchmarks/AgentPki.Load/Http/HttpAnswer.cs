namespace AgentPki.Load.Http;

/// <summary>One answer; <see cref="Body"/> is valid until the connection's next exchange.</summary>
internal readonly record struct HttpAnswer(int Status, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body, bool Closes);
