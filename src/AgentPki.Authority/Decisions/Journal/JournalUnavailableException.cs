namespace AgentPki.Authority.Decisions.Journal;

/// <summary>The decision log takes no record now (disk full, too far ahead of the ledger). What cannot be written down is not permitted.</summary>
public sealed class JournalUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
