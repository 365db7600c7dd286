namespace AgentPki.Pkcs11;

/// <summary>
/// Where a token's PIN comes from each time the token asks: a file (<see cref="PinInFile"/>), or memory that was given it at run time
/// (<see cref="PinInMemory"/>). It is read again for every login: a token that was reset asks again.
/// </summary>
public abstract class PinSource
{
    private protected PinSource()
    {
    }

    /// <summary>For messages: where the PIN is, never what it is.</summary>
    public abstract override string ToString();

    /// <summary>What an operator does when the PIN is not there or wrong.</summary>
    public abstract string Remedy { get; }

    /// <summary>Which source it is, over several objects for one file.</summary>
    internal abstract string Identity { get; }

    /// <summary>Changes when the PIN may have: one that was refused is not tried again before.</summary>
    internal abstract object Version { get; }

    /// <summary>The PIN in an array that the collector never moves; the caller zeroizes it.</summary>
    /// <exception cref="InvalidOperationException">There is none now; the message says what to do.</exception>
    internal abstract byte[] Read();

    /// <summary>Makes a random PIN where there is none and one may be made.</summary>
    internal abstract void EnsurePresent();

    /// <exception cref="ArgumentException">It can never work.</exception>
    internal abstract void Validate();
}
