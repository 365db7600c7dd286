using AgentPki.Cryptography;

namespace AgentPki.Ledger.Notes;

/// <summary>How a key signs notes: C2SP signed-note v1.0.0 "Signature types", of which these are all that are known here.</summary>
/// <remarks>A type is what its octet says: the algorithm, the octets that are signed, and whether the signature states a time.</remarks>
public sealed class NoteSignatureType
{
    private NoteSignatureType(byte octet, string name, SignatureAlgorithm algorithm, bool isTimestamped) => (Octet, Name, Algorithm, IsTimestamped) = (octet, name, algorithm, isTimestamped);

    /// <summary>A log's, over the note's text.</summary>
    public static NoteSignatureType Ed25519 { get; } = new(0x01, "Ed25519", SignatureAlgorithm.Ed25519, isTimestamped: false);

    /// <summary>A log's whose token lacks Ed25519: over the note's text, with SHA-256, as ASN.1. Few tools read it.</summary>
    public static NoteSignatureType Ecdsa { get; } = new(0x02, "ECDSA", SignatureAlgorithm.EcdsaSha256, isTimestamped: false);

    /// <summary>A witness's (C2SP tlog-cosignature v1.0.1): over a header, the time and the note's text.</summary>
    public static NoteSignatureType Ed25519Cosignature { get; } = new(0x04, "Ed25519 cosignature", SignatureAlgorithm.Ed25519, isTimestamped: true);

    /// <summary>A log's or a witness's (C2SP tlog-cosignature v1.1.0-rc.1): over a structure of name, time, origin, size and root; extension lines are not in it.</summary>
    public static NoteSignatureType MlDsa44 { get; } = new(0x06, "ML-DSA-44 cosignature", KeyAlgorithm.MlDsa44.DefaultSignature, isTimestamped: true);

    private static NoteSignatureType[] All { get; } = [Ed25519, Ecdsa, Ed25519Cosignature, MlDsa44];

    /// <summary>The assigned identifier.</summary>
    public byte Octet { get; }

    public string Name { get; }

    public SignatureAlgorithm Algorithm { get; }

    /// <summary>The signature begins with the seconds since 1970 at which it was made, 8 octets big-endian.</summary>
    public bool IsTimestamped { get; }

    /// <summary>The type of that octet; null when it is not known here.</summary>
    public static NoteSignatureType? Find(byte octet) => All.FirstOrDefault(type => type.Octet == octet);

    public override string ToString() => Name;
}
