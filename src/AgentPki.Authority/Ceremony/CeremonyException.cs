namespace AgentPki.Authority.Ceremony;

/// <summary>A ceremony stops, safely: the message is one or two sentences for the people in the room, what is wrong and what to do. It can be resumed.</summary>
public sealed class CeremonyException(string message, Exception? inner = null) : Exception(message, inner);
