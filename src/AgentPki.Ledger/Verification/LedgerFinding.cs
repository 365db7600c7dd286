namespace AgentPki.Ledger.Verification;

/// <summary>What is wrong.</summary>
public enum LedgerFindingKind
{
    /// <summary>The entry, or one of the named range, is not what was recorded.</summary>
    Changed,

    /// <summary>Entries are missing inside the log.</summary>
    Removed,

    /// <summary>The entry stands at another index than it was recorded at.</summary>
    Reordered,

    /// <summary>Entries were put in between others.</summary>
    Inserted,

    /// <summary>Entries at the end are missing: a checkpoint was signed over more.</summary>
    Truncated,

    /// <summary>An epoch begins without its entry, or an entry names another epoch than its neighbours.</summary>
    EpochBroken,

    /// <summary>Details are gone, and no entry says that they were erased.</summary>
    ErasedUnexplained,

    /// <summary>A checkpoint is damaged, of another log, or not signed by a trusted key.</summary>
    CheckpointInvalid,

    /// <summary>No checkpoint has as many cosignatures as were asked for.</summary>
    NotWitnessed,

    /// <summary>A stored tree hash is not that of its entries; the entries themselves stand.</summary>
    TreeHashChanged,

    /// <summary>An entry says that a certificate was issued, and there is no such record.</summary>
    CertificateMissing,

    /// <summary>A certificate record is not the one that its entry names, or no entry names it.</summary>
    CertificateUnexplained,

    /// <summary>An entry says that a certificate was revoked, and the records say otherwise.</summary>
    RevocationMissing,

    /// <summary>A certificate is recorded as revoked, and no entry says so.</summary>
    RevocationUnexplained,
}

/// <summary>One thing that is wrong with a log or its records.</summary>
/// <param name="First">The first entry concerned; null when it concerns none in particular.</param>
/// <param name="Last">The last entry concerned.</param>
public sealed record LedgerFinding(LedgerFindingKind Kind, long? First, long? Last, string Detail)
{
    public override string ToString() => (First, Last) switch
    {
        (null, _) => $"{Kind}: {Detail}",
        var (first, last) when first == last || last is null => $"entry {first}: {Kind}: {Detail}",
        var (first, last) => $"entries {first} to {last}: {Kind}: {Detail}",
    };
}
