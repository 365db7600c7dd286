using System.Text;

namespace AgentPki.Cryptography;

/// <summary>The digest that a composite takes of the message before either half signs (draft-ietf-lamps-pq-composite-sigs-19 §6).</summary>
public enum CompositePreHash
{
    Sha256,
    Sha512,

    /// <summary>SHAKE256 with 64 octets of output.</summary>
    Shake256,
}

/// <summary>What one composite algorithm is made of (draft-ietf-lamps-pq-composite-sigs-19 §6).</summary>
public sealed class CompositeDefinition
{
    private readonly byte[] _label;

    internal CompositeDefinition(KeyAlgorithm mlDsa, KeyAlgorithm traditional, string label)
    {
        (MlDsa, Traditional, LabelText) = (mlDsa, traditional, label);
        _label = Encoding.ASCII.GetBytes(label);
        PreHash = label.EndsWith("SHAKE256", StringComparison.Ordinal) ? CompositePreHash.Shake256
            : label.EndsWith("SHA256", StringComparison.Ordinal) ? CompositePreHash.Sha256
            : CompositePreHash.Sha512;
    }

    public KeyAlgorithm MlDsa { get; }

    /// <summary>The other half; curves among them that occur nowhere else here.</summary>
    public KeyAlgorithm Traditional { get; }

    public CompositePreHash PreHash { get; }

    /// <summary>The label as the draft prints it, for example <c>COMPSIG-MLDSA65-ECDSA-P256-SHA512</c>.</summary>
    public string LabelText { get; }

    /// <summary>The label's ASCII octets: part of what both halves sign, and the context of the ML-DSA half.</summary>
    public ReadOnlyMemory<byte> Label => _label;
}
