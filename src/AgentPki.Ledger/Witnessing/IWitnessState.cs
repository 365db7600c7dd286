using AgentPki.Ledger.Notes;

namespace AgentPki.Ledger.Witnessing;

/// <summary>What a witness remembers. Everything that was written is durable when the call returns.</summary>
public interface IWitnessState
{
    /// <summary>The log of that origin; null when it is not watched.</summary>
    WitnessedLog? Find(string origin);

    /// <summary>The origin whose SHA-256 (lower-case hexadecimal) this is; null when it is not watched.</summary>
    string? FindByHash(string originHash);

    /// <summary>The last note that was cosigned, with the log's lines that were verified and the witness's own; null before the first.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">What is there is damaged.</exception>
    SignedCheckpoint? Last(string origin);

    /// <summary>Puts another in its place.</summary>
    /// <exception cref="IOException">It cannot be written; then the last one is what it was.</exception>
    void Replace(string origin, SignedCheckpoint cosigned);

    /// <summary>Keeps what a log has signed and a witness has refused, beside the head that it contradicts.</summary>
    /// <param name="proven">Two signed heads of one size.</param>
    /// <returns>False: it, or as much as is kept of one log, is there already.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    bool Keep(WitnessRequest refused, SignedCheckpoint? last, string reason, bool proven);
}
