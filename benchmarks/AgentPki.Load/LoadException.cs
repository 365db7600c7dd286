namespace AgentPki.Load;

/// <summary>Something that ends the run before or instead of measuring; its text is one sentence for the person at the terminal.</summary>
internal sealed class LoadException(string message) : Exception(message);
