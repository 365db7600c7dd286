using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace AgentPki.Pkcs11;

/// <summary>What one kind of token does differently, as data: no code tests for a vendor's name.</summary>
public sealed class TokenDescription
{
    private TokenDescription(string name, IReadOnlyDictionary<string, MechanismUse> mechanisms, int sessionLimit, IReadOnlyList<string> preload, string edwardsParameters, bool hasGcm, IReadOnlyList<string> modules, string? storeVariable)
    {
        (Name, Mechanisms, SessionLimit, Preload) = (name, mechanisms, sessionLimit, preload);
        (EdwardsParameters, HasGcm) = (edwardsParameters, hasGcm);
        (Modules, StoreVariable) = (modules, storeVariable);
    }

    public string Name { get; }

    /// <summary>By <see cref="SignatureAlgorithm.Name"/>: how this token makes that signature.</summary>
    public IReadOnlyDictionary<string, MechanismUse> Mechanisms { get; }

    /// <summary>The most sessions the token takes; 0 where it names none.</summary>
    public int SessionLimit { get; }

    /// <summary>Where the token's package puts its module; the first existing one is used unless the configuration names another.</summary>
    public IReadOnlyList<string> Modules { get; }

    /// <summary>For a token that keeps its objects in files: the variable that names its configuration file. Null for hardware.</summary>
    public string? StoreVariable { get; }

    /// <summary>Sibling libraries to load before the module, by file name, from the module's folder.</summary>
    public IReadOnlyList<string> Preload { get; }

    /// <summary><c>oid</c> or <c>printable</c>: how CKA_EC_PARAMS names Ed25519 (PKCS#11 v3.0 §2.3.6 allows both).</summary>
    public string EdwardsParameters { get; }

    /// <summary>Whether CKM_AES_GCM wraps secrets here.</summary>
    public bool HasGcm { get; }

    /// <summary>Reads a <c>token.yaml</c>.</summary>
    /// <exception cref="FormatException">The message names the file and the field.</exception>
    public static TokenDescription Load(string path) => Parse(File.ReadAllText(path), path);

    /// <summary>One of the descriptions that ship with the appliance, by folder name under <c>hsm-config/</c>.</summary>
    /// <exception cref="FormatException">There is none of that name.</exception>
    public static TokenDescription Shipped(string name)
    {
        using var stream = typeof(TokenDescription).Assembly.GetManifestResourceStream($"hsm-config.{name}.yaml")
            ?? throw new FormatException($"No token description '{name}' ships with the appliance; name a token.yaml file instead.");
        using var reader = new StreamReader(stream);
        return Parse(reader.ReadToEnd(), $"hsm-config/{name}/token.yaml");
    }

    private static TokenDescription Parse(string yaml, string path)
    {
        Document document;
        try
        {
            document = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build().Deserialize<Document>(yaml);
        }
        catch (YamlDotNet.Core.YamlException e)
        {
            throw new FormatException($"{path}, line {e.Start.Line}: {e.InnerException?.Message ?? e.Message}", e);
        }

        var mechanisms = new Dictionary<string, MechanismUse>(StringComparer.Ordinal);
        foreach (var (name, use) in document.Signatures)
        {
            var algorithm = SignatureAlgorithm.Find(name) ?? throw new FormatException($"{path}: signatures.{name} is no signature algorithm of this build.");
            mechanisms[name] = MechanismUse.Parse(algorithm, use.Mechanism, use.Hash, $"{path}: signatures.{name}");
        }

        if (document.EdwardsParameters is not ("oid" or "printable"))
        {
            throw new FormatException($"{path}: edwardsParameters is 'oid' or 'printable'.");
        }

        return new(document.Name, mechanisms, document.SessionLimit, document.Preload, document.EdwardsParameters, document.AesGcm, document.Modules, document.StoreVariable);
    }

    private sealed class Document
    {
        public string Name { get; set; } = "";

        public Dictionary<string, SignatureUse> Signatures { get; set; } = [];

        public int SessionLimit { get; set; }

        public List<string> Modules { get; set; } = [];

        public string? StoreVariable { get; set; }

        public List<string> Preload { get; set; } = [];

        public string EdwardsParameters { get; set; } = "oid";

        public bool AesGcm { get; set; }
    }

    private sealed class SignatureUse
    {
        public string Mechanism { get; set; } = "";

        /// <summary><c>outside</c>: the appliance hashes; <c>inside</c>: the token does.</summary>
        public string Hash { get; set; } = "outside";
    }
}
