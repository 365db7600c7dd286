namespace AgentPki.Cryptography;

/// <summary>What to generate: the key's name inside its provider, its kind, and the one thing it may sign.</summary>
/// <param name="Label">Unique within the provider; printable ASCII, at most 64 characters (CKA_LABEL in a token).</param>
/// <param name="Backup">How it may be kept a second time: a ceremony's explicit choice, which a token must offer.</param>
public sealed record KeySpec(string Label, KeyAlgorithm Algorithm, KeyPurpose Purpose, KeyBackup Backup = KeyBackup.None)
{
    /// <summary>Called by providers that keep no choice with a key.</summary>
    /// <exception cref="NotSupportedException">A method was chosen.</exception>
    public void RequireNoBackup()
    {
        if (Backup != KeyBackup.None)
        {
            throw new NotSupportedException($"The key '{Label}' is not kept as an object of a token: it has no backup of its own ('{Backup.ToText()}').");
        }
    }
}

/// <summary>Where a key is found again: provider and label. This is what the store keeps of a private key.</summary>
public sealed record KeyReference(string Provider, string Label)
{
    /// <summary>Stands for a provider where a key is in another appliance, or offline: nothing here can sign with it.</summary>
    public const string ElsewhereProvider = "elsewhere";

    /// <summary>Whether the key is another appliance's.</summary>
    public bool IsElsewhere => Provider == ElsewhereProvider;

    /// <summary>A key that is not here.</summary>
    public static KeyReference Elsewhere(string label) => new(ElsewhereProvider, label);
}
