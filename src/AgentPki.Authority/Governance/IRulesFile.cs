namespace AgentPki.Authority.Governance;

/// <summary>Where rules lie: one file of the home.</summary>
public interface IRulesFile
{
    /// <summary>Whether they serve only as a second person approved them: in a production home.</summary>
    bool IsGoverned { get; }

    /// <summary>As they lie there; null: there are none.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    byte[]? Read();

    /// <summary>Writes them, whole or not at all.</summary>
    void Write(ReadOnlySpan<byte> text);
}
