using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Composition;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>How a token's user PIN is kept.</summary>
public enum PinKeeping
{
    /// <summary>In a file or credential of the service: the token opens by itself.</summary>
    Service,

    /// <summary>Shared among the officers: only a quorum opens the token.</summary>
    Quorum,
}

/// <summary>
/// The appliance that a ceremony is held at, as far as ceremonies need it: its tokens, its files, and the authority on them. Server has the real one; its
/// home is locked while a ceremony works on it.
/// </summary>
public interface ICeremonyHome
{
    /// <summary>The appliance's name.</summary>
    string Name { get; }

    /// <summary>What stands before the labels of its keys.</summary>
    string KeyPrefix { get; }

    /// <summary>Who decides in this home since its first ceremony; null before it.</summary>
    /// <exception cref="CeremonyException">The file cannot be read.</exception>
    OfficerRoster? FindRoster();

    /// <summary>From now on these decide.</summary>
    void KeepRoster(OfficerRoster roster);

    /// <summary>Names of the configured tokens.</summary>
    IReadOnlyList<string> Tokens { get; }

    /// <summary>What a token says of itself, by name and value: label, serial number, manufacturer, model, firmware, mechanisms; <c>initialised</c> yes or no.</summary>
    /// <exception cref="CeremonyException">Its module does not answer.</exception>
    IReadOnlyList<(string Name, string? Value)> DescribeToken(string token);

    /// <summary>What a token says of a key and its attributes, by name and value.</summary>
    /// <param name="reference">Of a key of one of the tokens.</param>
    /// <exception cref="CeremonyException">It does not answer.</exception>
    ValueTask<IReadOnlyList<(string Name, string? Value)>> DescribeKeyAsync(KeyReference reference, CancellationToken cancellationToken);

    /// <summary>Initialises a token that is not, and sets its PINs.</summary>
    /// <exception cref="CeremonyException">It is initialised already, or refuses.</exception>
    void InitialiseToken(string token, ReadOnlyMemory<byte> securityOfficerPin, ReadOnlyMemory<byte> userPin);

    /// <summary>Whether the token's own maker's quorum guards it (hsm-config): then no PIN is shared.</summary>
    bool HasOwnQuorum(string token);

    /// <summary>The PIN of that token that is shared among officers; null: it is not.</summary>
    SealedSecret? FindSealedPin(string token, bool securityOfficer);

    /// <summary>Keeps a shared PIN in the home, in place of an earlier one.</summary>
    void KeepSealedPin(string token, bool securityOfficer, SealedSecret pin);

    /// <summary>A PIN that was shared anew and may or may not have reached the token, because a try was cut off; null: there is none.</summary>
    SealedSecret? FindNextPin(string token, bool securityOfficer);

    /// <summary>Keeps a PIN that the token is to have next; null: what there was is the token's now, or is of no use.</summary>
    void KeepNextPin(string token, bool securityOfficer, SealedSecret? pin);

    /// <summary>Changes a PIN of a token that nobody is logged in to.</summary>
    /// <returns>False: the token refuses the old PIN.</returns>
    /// <exception cref="CeremonyException">The token does not answer, or refuses the new PIN.</exception>
    bool TryChangePin(string token, bool securityOfficer, ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after);

    /// <summary>Keeps the user PIN in the service's file.</summary>
    void KeepServicePin(string token, ReadOnlyMemory<byte> pin);

    /// <summary>The user PIN of the service's file, or null where there is none; the caller zeroizes it.</summary>
    byte[]? ReadServicePin(string token);

    /// <summary>Opens tokens and store.</summary>
    /// <param name="pins">User PINs of the tokens whose PIN is shared, by token.</param>
    /// <exception cref="CeremonyException">One of them cannot be opened; the message says why.</exception>
    Task<OpenHome> OpenAsync(IReadOnlyDictionary<string, byte[]> pins, CancellationToken cancellationToken);

    /// <summary>The profiles as they lie in the home.</summary>
    IReadOnlyList<(string Name, byte[] Text)> ReadProfiles();

    /// <summary>Destroys a key of a token for good.</summary>
    /// <exception cref="CeremonyException">It does not have it, or refuses.</exception>
    ValueTask DestroyKeyAsync(OpenHome open, KeyReference reference, PublicKey publicKey, CancellationToken cancellationToken);

    /// <summary>The key of a token to which others wrap theirs, made when there is none.</summary>
    /// <exception cref="CeremonyException">The token takes no wrapped keys.</exception>
    ValueTask<PublicKey> OpenTransportKeyAsync(OpenHome open, string token, CancellationToken cancellationToken);

    /// <summary>Wraps a key for the token that has <paramref name="transportKey"/>.</summary>
    /// <exception cref="CeremonyException">Its ceremony chose another method, or the token refuses.</exception>
    ValueTask<byte[]> ExportKeyAsync(OpenHome open, KeyReference reference, PublicKey transportKey, CancellationToken cancellationToken);

    /// <summary>Keeps a wrapped key in the home, to be carried.</summary>
    /// <returns>Where.</returns>
    string KeepWrappedKey(string label, ReadOnlyMemory<byte> wrapped);

    /// <summary>Unwraps a key into a token and has it prove that it is the one.</summary>
    /// <param name="publicKeySha256">Of its SubjectPublicKeyInfo, hexadecimal.</param>
    /// <exception cref="CeremonyException">It is another, was wrapped for another token, or was changed.</exception>
    ValueTask<ISigningKey> ImportKeyAsync(OpenHome open, string token, ReadOnlyMemory<byte> wrapped, string publicKeySha256, CancellationToken cancellationToken);

    /// <summary>CAs have come or gone: writes the files that people take anchors from.</summary>
    Task WriteAnchorsAsync(OpenHome open, CancellationToken cancellationToken);
}

/// <summary>Tokens and store, open for one step.</summary>
/// <param name="Environment">What the authority works on.</param>
public sealed record OpenHome(AuthorityEnvironment Environment, Func<ValueTask> Close) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Close();
}
