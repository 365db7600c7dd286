namespace AgentPki.Cryptography;

/// <summary>The mathematical family of a key; within the classical ones, what two algorithms must share for one key to serve both.</summary>
public enum AlgorithmFamily
{
    Ecdsa,
    Rsa,
    EdDsa,

    /// <summary>Module-lattice signatures (FIPS 204, RFC 9881).</summary>
    MlDsa,

    /// <summary>Stateless hash-based signatures (FIPS 205, RFC 9909).</summary>
    SlhDsa,

    /// <summary>Module-lattice key encapsulation (FIPS 203, RFC 9935): it receives secrets and signs nothing.</summary>
    MlKem,

    /// <summary>ML-DSA and a traditional algorithm as one key and one signature (draft-ietf-lamps-pq-composite-sigs-19).</summary>
    Composite,
}
