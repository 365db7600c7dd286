namespace AgentPki.Authority.Recovery.Archives;

/// <summary>An archive that is not what it should be: changed, cut off, spliced, of another appliance, opened with the wrong key. The message says which, as a sentence.</summary>
public sealed class ArchiveException(string message, Exception? inner = null) : Exception(message, inner);
