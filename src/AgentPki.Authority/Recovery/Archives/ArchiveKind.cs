using AgentPki.Cryptography;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>What an archive is.</summary>
public enum ArchiveKind
{
    /// <summary>A whole appliance at one moment, made when somebody asked for it.</summary>
    Backup,

    /// <summary>The same, as the beginning of what is shipped.</summary>
    Base,

    /// <summary>Commits after a base, one record each; good up to its last whole record.</summary>
    Segment,
}

/// <summary>A segment's place.</summary>
/// <param name="Base">The id of the archive that it goes on from.</param>
/// <param name="Number">From 1.</param>
public sealed record SegmentPlace(string Base, int Number);

/// <summary>How the key of a CA comes to another machine, as its token allows and its ceremony has decided.</summary>
/// <param name="Name">Of the CA, or what the key is for.</param>
/// <param name="Provider">Where it lies.</param>
/// <param name="PublicKeySha256">Hexadecimal.</param>
public sealed record BackedUpKey(string Name, string Provider, string Label, string PublicKeySha256, KeyBackup Method);
