using System.Collections.Frozen;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Configuration;
using AgentPki.Pkcs11.Mechanisms;

namespace AgentPki.Pkcs11;

/// <summary>How a token of this kind comes to life (<see cref="Administration.TokenAdministration.EnsureToken"/>).</summary>
/// <param name="FixedLabel">The label that every token of this kind carries; null where C_InitToken sets one.</param>
/// <param name="EmptySoPin">True where a fresh token's security officer logs in with an empty PIN and C_InitToken is not called.</param>
public sealed record TokenInitialization(string? FixedLabel, bool EmptySoPin);

/// <summary>Where a token keeps its own statement of how a key was made. One of the two is given.</summary>
/// <param name="Attribute">A maker's own attribute of the private key that holds it (<c>0x80000001</c>).</param>
/// <param name="CertificateLabel">CKA_LABEL of a certificate object that holds it; <c>{label}</c> stands for the key's CKA_LABEL.</param>
public sealed record TokenAttestation(ulong? Attribute, string? CertificateLabel);

/// <summary>
/// What one kind of token does in its own way, as data (<c>hsm-config/NAME/token.yaml</c>): mechanisms, who hashes, templates, limits. No code tests for a
/// vendor's name.
/// </summary>
public sealed class TokenDescription
{
    internal TokenDescription(IReadOnlyDictionary<SignatureAlgorithm, MechanismUse> signatures, IReadOnlyDictionary<KeyAlgorithm, KeyUse> keys) =>
        (Signatures, Keys) = (signatures.ToFrozenDictionary(), keys.ToFrozenDictionary());

    /// <summary>The folder's name under <c>hsm-config/</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The token as people call it.</summary>
    public required string Title { get; init; }

    /// <summary>Where the module usually lies; the first that exists is taken.</summary>
    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>Sibling libraries to load before the module, by file name, from the module's folder.</summary>
    public required IReadOnlyList<string> Preload { get; init; }

    /// <summary>Variables the module reads when it starts; <c>{home}</c> stands for the appliance's token folder.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Folders of a software token's home, made with mode 0700.</summary>
    public required IReadOnlyList<string> HomeFolders { get; init; }

    /// <summary>Configuration files of a software token's home by name; <c>{home}</c> stands for the folder.</summary>
    public required IReadOnlyDictionary<string, string> HomeFiles { get; init; }

    /// <summary>How a token of this kind comes to life; null where only its maker's own tool can do it.</summary>
    public required TokenInitialization? Initialization { get; init; }

    /// <summary>The most sessions the token takes for one application; 0 where it names no limit.</summary>
    public required int SessionLimit { get; init; }

    /// <summary>Sessions that pay when nothing else is configured; 0 for one a processor, which suits a token that works in this process.</summary>
    public required int DefaultSessions { get; init; }

    /// <summary>True where C_Login must be called on every session.</summary>
    public required bool LoginPerSession { get; init; }

    /// <summary>The mechanism that encrypts small secrets with associated data (AES-GCM); null where the token has none.</summary>
    public required ulong? WrappingMechanism { get; init; }

    /// <summary>The mechanism that encapsulates and decapsulates (ML-KEM); null where the token has none.</summary>
    public required ulong? EncapsulationMechanism { get; init; }

    /// <summary>The mechanism that agrees on secrets without deriving a key of them (ECDH); null where the token has none.</summary>
    public required ulong? AgreementMechanism { get; init; }

    /// <summary>
    /// What officers do where the hardware has an m-of-n of its own (card sets, partitions with several custodians): the ceremony prints it and splits no
    /// PIN. Null where it has none.
    /// </summary>
    public required string? Quorum { get; init; }

    /// <summary>Where the token keeps its own statement of how a key was made; null where it makes none.</summary>
    public required TokenAttestation? Attestation { get; init; }

    /// <summary>How its keys may be kept a second time.</summary>
    public required TokenBackup Backup { get; init; }

    /// <summary>The kinds of keys this token makes.</summary>
    public IEnumerable<KeyAlgorithm> KeyAlgorithms => Keys.Keys;

    internal FrozenDictionary<SignatureAlgorithm, MechanismUse> Signatures { get; }

    internal FrozenDictionary<KeyAlgorithm, KeyUse> Keys { get; }

    /// <summary>Reads a <c>token.yaml</c>.</summary>
    /// <exception cref="FormatException">The message names the file and the field.</exception>
    public static TokenDescription Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new FormatException($"There is no token description at {path}.");
        }

        return TokenDescriptionReader.Parse(File.ReadAllText(path), path);
    }

    /// <summary>One of the descriptions that ship with the appliance, by folder name under <c>hsm-config/</c>.</summary>
    /// <exception cref="FormatException">There is none of that name; the message lists those there are.</exception>
    public static TokenDescription Shipped(string name)
    {
        using var stream = typeof(TokenDescription).Assembly.GetManifestResourceStream($"hsm-config/{name}/token.yaml")
            ?? throw new FormatException($"No token description '{name}' ships with the appliance ({string.Join(", ", ShippedNames)} do); name a token.yaml file instead.");
        using var reader = new StreamReader(stream);
        return TokenDescriptionReader.Parse(reader.ReadToEnd(), $"hsm-config/{name}/token.yaml");
    }

    /// <summary>The names <see cref="Shipped"/> knows.</summary>
    public static IReadOnlyList<string> ShippedNames { get; } =
        [.. typeof(TokenDescription).Assembly.GetManifestResourceNames().Where(n => n.StartsWith("hsm-config/", StringComparison.Ordinal)).Select(n => n.Split('/')[1]).Order(StringComparer.Ordinal)];

    /// <summary>The first of <see cref="Modules"/> that exists on this machine, or null.</summary>
    public string? FindModule() => Modules.FirstOrDefault(File.Exists);

    /// <summary>The variables of <see cref="Environment"/> for a token that lives in <paramref name="home"/>.</summary>
    public IReadOnlyDictionary<string, string> EnvironmentFor(string home) =>
        Environment.ToDictionary(v => v.Key, v => v.Value.Replace("{home}", Path.GetFullPath(home), StringComparison.Ordinal), StringComparer.Ordinal);
}
