namespace AgentPki.Authority.Recovery;

/// <summary>The keys of <see cref="Ledger.LedgerEntry.Details"/> in entries of backups, restores and what is shipped. One meaning each; never a secret.</summary>
public static class RecoveryFacts
{
    public const string Archive = "archive";
    public const string Kind = "archive.kind";

    /// <summary>Entries of the ledger in the archive.</summary>
    public const string Size = "archive.size";

    /// <summary>The ledger's root over them, base64.</summary>
    public const string Root = "archive.root";

    /// <summary>SHA-256 of the archive, hexadecimal.</summary>
    public const string Sha256 = "archive.sha256";

    public const string Octets = "archive.octets";

    /// <summary>Who opens it: <c>2 of alice, bob, carol</c>.</summary>
    public const string Quorum = "quorum";

    /// <summary>Who opened it, and signed the new epoch.</summary>
    public const string Officers = "officers";

    /// <summary>The officers' statements about a new epoch, each text and signature, base64.</summary>
    public const string Statements = "statements";

    /// <summary>Commits that were shipped after the archive and are in the restored store.</summary>
    public const string Shipped = "shipped.commits";

    /// <summary>Entries that are known to be lost: <c>1234 to 1301</c>; absent: none is known to be.</summary>
    public const string Lost = "lost";
}
