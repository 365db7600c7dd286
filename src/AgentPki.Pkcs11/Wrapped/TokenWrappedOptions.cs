namespace AgentPki.Pkcs11.Wrapped;

/// <summary>Where wrapped keys lie, and how long one stays open. Checked when the provider is made.</summary>
public sealed record TokenWrappedOptions
{
    /// <summary>The folder of the keys' files, made when it is missing (mode 0700).</summary>
    public required string Folder { get; init; }

    /// <summary>The provider's name in key references.</summary>
    public string Name { get; init; } = "token-wrapped";

    /// <summary>
    /// How long a key stays unwrapped, in pinned memory, counted from its unwrapping; zero: for one signature. A time spares the token one decryption, and
    /// ML-DSA one expansion, per signature, and leaves the key in memory meanwhile. At most a day.
    /// </summary>
    public TimeSpan KeepUnwrapped { get; init; }

    /// <summary>Whether to make keys even of algorithms that the token has itself.</summary>
    public bool OfferWhatTheTokenHas { get; init; }

    /// <exception cref="ArgumentException">The message names the setting.</exception>
    internal void Validate()
    {
        if (Folder.Length == 0 || Name.Length is 0 or > 64)
        {
            throw new ArgumentException("A provider of wrapped keys needs a folder and a name of at most 64 characters.");
        }

        if (KeepUnwrapped < TimeSpan.Zero || KeepUnwrapped > TimeSpan.FromDays(1))
        {
            throw new ArgumentException($"A key stays unwrapped between 0 (one signature) and one day, not {KeepUnwrapped}.");
        }
    }
}
