using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Profiles;

/// <summary>A CA as the catalog must know it to check profiles against it.</summary>
public sealed record ProfileIssuer(string Name, KeyAlgorithm KeyAlgorithm);

/// <summary>All profiles of one appliance, checked against each other when read, and against the CAs when these are known.</summary>
public sealed class ProfileCatalog
{
    private const string ResourcePrefix = "AgentPki.Authority.Profiles.Defaults.";
    private readonly FrozenDictionary<string, CertificateProfile> _byName;
    private readonly FrozenDictionary<string, CertificateProfile> _byLabel;

    private ProfileCatalog(ImmutableArray<CertificateProfile> profiles)
    {
        All = profiles;
        Default = profiles.Single(p => p.IsDefault);
        _byName = profiles.ToFrozenDictionary(p => p.Name, StringComparer.Ordinal);
        _byLabel = profiles.SelectMany(p => p.Labels.Select(l => KeyValuePair.Create(l, p))).ToFrozenDictionary(StringComparer.Ordinal);
    }

    public ImmutableArray<CertificateProfile> All { get; }

    public CertificateProfile Default { get; }

    public CertificateProfile? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The profile of a label; null or empty: the default one.</summary>
    public CertificateProfile? FindByLabel(string? label) => string.IsNullOrEmpty(label) ? Default : _byLabel.GetValueOrDefault(label);

    /// <summary>The appliance's own profile for <paramref name="use"/>.</summary>
    /// <exception cref="ProfileException">There is none.</exception>
    public CertificateProfile Require(ProfileUse use) =>
        All.FirstOrDefault(p => p.Use == use) ?? throw new ProfileException([new ProfileError("profiles", 0, "use", $"no profile is for {use}")]);

    /// <summary>Reads every <c>*.yaml</c> of a folder.</summary>
    /// <exception cref="ProfileException">With every error, when there is one.</exception>
    public static ProfileCatalog Load(string folder) =>
        Read(Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), File.ReadAllText(file))));

    /// <summary>Reads profiles from texts, each with the name that messages give it.</summary>
    /// <exception cref="ProfileException">With every error, when there is one.</exception>
    public static ProfileCatalog Read(IEnumerable<(string File, string Yaml)> texts)
    {
        var errors = new List<ProfileError>();
        var profiles = new List<CertificateProfile>();
        foreach (var (file, yaml) in texts)
        {
            using var reader = new StringReader(yaml);
            if (ProfileReader.Read(file, reader, errors) is { } profile)
            {
                profiles.Add(profile);
            }
        }

        CheckTogether(profiles, errors);
        return errors.Count == 0 ? new ProfileCatalog([.. profiles]) : throw new ProfileException(errors);
    }

    /// <summary>The profiles that a new home starts with: file name and text.</summary>
    public static IReadOnlyList<(string File, string Yaml)> DefaultTexts()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return
        [
            .. assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return (name[ResourcePrefix.Length..], reader.ReadToEnd());
            }),
        ];
    }

    /// <summary>The default profiles, read.</summary>
    public static ProfileCatalog Defaults() => Read(DefaultTexts());

    /// <summary>Refuses to start when a profile is issued by nobody, or with a signature its issuer cannot make.</summary>
    /// <exception cref="ProfileException">With every error, when there is one.</exception>
    public void CheckIssuers(IReadOnlyCollection<ProfileIssuer> issuers)
    {
        var errors = new List<ProfileError>();
        foreach (var profile in All)
        {
            var issuer = issuers.FirstOrDefault(i => i.Name == profile.Issuer);
            if (issuer is null)
            {
                errors.Add(new ProfileError(profile.Source, 0, "issuer", $"there is no CA '{profile.Issuer}'; known: {string.Join(", ", issuers.Select(i => i.Name))}"));
            }
            else if (profile.Signature is { } signature && !signature.Fits(issuer.KeyAlgorithm))
            {
                errors.Add(new ProfileError(profile.Source, 0, "signature", $"{signature} does not fit the {issuer.KeyAlgorithm} key of CA '{issuer.Name}'"));
            }
        }

        if (errors.Count > 0)
        {
            throw new ProfileException(errors);
        }
    }

    private static void CheckTogether(List<CertificateProfile> profiles, List<ProfileError> errors)
    {
        foreach (var twice in profiles.GroupBy(p => p.Name).Where(g => g.Count() > 1))
        {
            errors.Add(new ProfileError(twice.Last().Source, 0, "name", $"'{twice.Key}' is also in {twice.First().Source}"));
        }

        foreach (var twice in profiles.SelectMany(p => p.Labels.Select(l => (Label: l, p.Source))).GroupBy(p => p.Label).Where(g => g.Count() > 1))
        {
            errors.Add(new ProfileError(twice.Last().Source, 0, "labels", $"'{twice.Key}' is also in {twice.First().Source}"));
        }

        var defaults = profiles.Where(p => p.IsDefault).ToList();
        if (defaults.Count != 1 && errors.Count == 0)
        {
            errors.Add(new ProfileError(defaults.LastOrDefault()?.Source ?? "profiles", 0, "default", defaults.Count == 0 ? "no profile is the default" : $"{defaults[0].Source} is the default already"));
        }
    }
}
