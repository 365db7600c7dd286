using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace AgentPki.Pkcs11.Configuration;

/// <summary>Reads <c>token.yaml</c>: strict, an unknown field is an error.</summary>
internal static class TokenDescriptionReader
{
    /// <summary>Signatures that only halves of composite keys make: a token may keep such a half.</summary>
    private static readonly IReadOnlyList<SignatureAlgorithm> HalvesOnly =
        [.. KeyAlgorithm.All.Where(k => k.Composite is not null).Select(k => SignatureAlgorithm.TraditionalHalfOf(k).Base).Where(a => SignatureAlgorithm.Find(a.Name) is null).Distinct()];

    public static TokenDescription Parse(string yaml, string path)
    {
        var file = Deserialize(yaml, path);
        return new TokenDescription(
            file.Signatures.ToDictionary(s => Algorithm(s.Key, path), s => Signature(s.Key, s.Value, $"{path}: signatures.{s.Key}")),
            file.Keys.ToDictionary(k => KeyKind(k.Key, path), k => Key(k.Key, k.Value, $"{path}: keys.{k.Key}")))
        {
            Name = file.Name is { Length: > 0 and <= 32 } name ? name : throw new FormatException($"{path}: name has 1 to 32 characters."),
            Title = file.Title.Length > 0 ? file.Title : file.Name,
            Modules = file.Modules,
            Preload = file.Preload,
            Environment = file.Environment,
            HomeFolders = file.Home.Folders,
            HomeFiles = file.Home.Files,
            Initialization = file.Initialization is { } i ? new(i.FixedLabel, i.EmptySoPin) : null,
            SessionLimit = NotNegative(file.Sessions.Limit, $"{path}: sessions.limit"),
            DefaultSessions = NotNegative(file.Sessions.Default, $"{path}: sessions.default"),
            LoginPerSession = file.Sessions.LoginPerSession,
            WrappingMechanism = file.Wrapping is { } w ? CryptokiNames.Parse<CKM>(w, $"{path}: wrapping") : null,
            EncapsulationMechanism = file.Encapsulation is { } e ? CryptokiNames.Parse<CKM>(e, $"{path}: encapsulation") : null,
            AgreementMechanism = file.Agreement is { } agreement ? CryptokiNames.Parse<CKM>(agreement, $"{path}: agreement") : null,
            Backup = Backup(file.KeyBackup, $"{path}: keyBackup"),
            Quorum = file.Quorum,
            Attestation = file.Attestation is { } a ? Attestation(a, $"{path}: attestation") : null,
        };
    }

    private static TokenFile Deserialize(string yaml, string path)
    {
        try
        {
            return new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build().Deserialize<TokenFile>(yaml)
                ?? throw new FormatException($"{path} is empty.");
        }
        catch (YamlException e)
        {
            throw new FormatException($"{path}, line {e.Start.Line}: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    private static TokenBackup Backup(TokenFile.KeyBackupSection? b, string where)
    {
        var methods = new HashSet<KeyBackup>();
        foreach (var name in b?.Methods ?? [])
        {
            methods.Add(KeyBackupNames.TryParse(name, out var method) && method != KeyBackup.None ? method : throw new FormatException($"{where}.methods: '{name}' is none of token-files, cloning-domain, wrapped."));
        }

        if (methods.Contains(KeyBackup.Wrapped) != (b is { Mechanism: not null, Oaep: not null }))
        {
            throw new FormatException($"{where}: the method 'wrapped' has a mechanism and oaep (hash, mgf), and no other method has.");
        }

        return new(methods, b is { Mechanism: { } mechanism, Oaep: { } oaep }
            ? new(
                b.Keys.Select(k => KeyKind(k, where + ".keys")).ToHashSet(),
                CryptokiNames.Parse<CKM>(mechanism, where + ".mechanism"),
                CryptokiNames.Parse<CKM>(oaep.Hash, where + ".oaep.hash"),
                CryptokiNames.Parse<CKG>(oaep.Mgf, where + ".oaep.mgf"),
                b.PublicValue is { } attribute ? CryptokiNames.Parse<CKA>(attribute, where + ".publicValue") : null)
            : null);
    }

    private static TokenAttestation Attestation(TokenFile.AttestationSection a, string where) => (a.Attribute, a.Certificate) switch
    {
        ({ } attribute, null) => new(CryptokiNames.Parse<CKA>(attribute, where + ".attribute"), null),
        (null, { Length: > 0 } label) => new(null, label),
        _ => throw new FormatException($"{where}: names either the attribute or the certificate that holds the token's statement."),
    };

    private static MechanismUse Signature(string name, TokenFile.SignatureSection s, string where)
    {
        var algorithm = Algorithm(name, where);
        var input = OneOf(s.Input, where + ".input", ("message", SignInput.Message), ("digest", SignInput.Digest), ("digest-info", SignInput.DigestInfo));
        if (input != SignInput.Message && algorithm.Hash == HashFunction.None)
        {
            throw new FormatException($"{where}.input: {algorithm} has no digest of its own; the input is the message.");
        }

        if (s.Pss is null && algorithm.IsPss)
        {
            throw new FormatException($"{where}.pss: hash, mgf and salt are missing.");
        }

        (ulong, ulong, ulong)? pss = s.Pss is { } p
            ? (CryptokiNames.Parse<CKM>(p.Hash, where + ".pss.hash"), CryptokiNames.Parse<CKG>(p.Mgf, where + ".pss.mgf"), (ulong)NotNegative(p.Salt, where + ".pss.salt"))
            : null;
        return MechanismUse.Create(
            algorithm,
            CryptokiNames.Parse<CKM>(s.Mechanism, where + ".mechanism"),
            input,
            OneOf(s.Output, where + ".output", ("plain", SignOutput.Plain), ("concatenated", SignOutput.Concatenated)),
            (NotNegative(s.MaxInput, where + ".maxInput"), s.MultiPart ?? algorithm.Hash != HashFunction.None),
            pss,
            Hedge(algorithm, s.Hedge, where + ".hedge"),
            s.Parameter is { } hex ? Convert.FromHexString(hex) : null);
    }

    private static HedgeVariant? Hedge(SignatureAlgorithm algorithm, string? text, string where)
    {
        if (text is not null && !MechanismUse.IsHedged(algorithm))
        {
            throw new FormatException($"{where}: only ML-DSA and SLH-DSA signatures are hedged or deterministic.");
        }

        return text is null ? null : OneOf(text, where, ("preferred", HedgeVariant.Preferred), ("required", HedgeVariant.Required), ("deterministic", HedgeVariant.Deterministic));
    }

    private static KeyUse Key(string name, TokenFile.KeySection k, string where) => new(
        KeyKind(name, where),
        CryptokiNames.Parse<CKM>(k.Generate, where + ".generate"),
        AttributeTemplate.Parse(k.Public, where + ".public"),
        AttributeTemplate.Parse(k.Private, where + ".private"),
        [.. k.Omit.Select(o => CryptokiNames.Parse<CKA>(o, where + ".omit"))],
        OneOf(
            k.PublicKey,
            where + ".publicKey",
            ("ec-point", PublicKeySource.EcPoint),
            ("rsa", PublicKeySource.Rsa),
            ("value", PublicKeySource.Value),
            ("public-key-info", PublicKeySource.PublicKeyInfo)));

    private static SignatureAlgorithm Algorithm(string name, string where) =>
        SignatureAlgorithm.Find(name) ?? HalvesOnly.FirstOrDefault(a => string.Equals(a.Name, name, StringComparison.Ordinal)) ?? throw new FormatException($"{where}: '{name}' is no signature algorithm of this build ({string.Join(", ", SignatureAlgorithm.All.Concat(HalvesOnly).Where(a => a.Family != AlgorithmFamily.Composite))}).");

    private static KeyAlgorithm KeyKind(string name, string where) =>
        KeyAlgorithm.FindWithHalves(name) ?? throw new FormatException($"{where}: '{name}' is no key algorithm of this build ({string.Join(", ", KeyAlgorithm.All.Concat(KeyAlgorithm.HalvesOnly).Where(k => k.Composite is null))}).");

    private static T OneOf<T>(string text, string where, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        foreach (var (name, value) in choices)
        {
            if (text == name)
            {
                return value;
            }
        }

        var names = string.Join(", ", choices.ToArray().Select(c => c.Name));
        throw new FormatException($"{where}: '{text}' is none of {names}.");
    }

    private static int NotNegative(int number, string where) => number >= 0 ? number : throw new FormatException($"{where} is not negative.");
}
