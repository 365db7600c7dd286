using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Server.Configuration;
using AgentPki.X509.Names;

namespace AgentPki.Server.Spiffe;

/// <summary>Reads the file with the registration entries; reports every problem at once, with file, line and field.</summary>
internal sealed class EntryReader(string trustDomain, ProfileCatalog profiles, WorkloadAttestors attestors)
{
    private const int LongestName = 64;
    private const int LongestOwner = 128;
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMinutes(1);

    /// <summary>The entries are usable only when there are no problems.</summary>
    public (ImmutableArray<WorkloadEntry> Entries, IReadOnlyList<ConfigurationProblem> Problems) Read(string text, string file)
    {
        var root = YamlSection.Parse(text, file);
        var entries = ImmutableArray.CreateBuilder<WorkloadEntry>();
        foreach (var section in root.Sections("entries"))
        {
            var entry = ReadEntry(section);
            section.RefuseUnknown();
            if (entry is null)
            {
                continue;
            }

            if (entries.Any(e => e.Name == entry.Name))
            {
                section.Report("name", $"'{entry.Name}' is there twice: the ledger tells entries apart by their names");
            }

            if (entries.FirstOrDefault(e => e.Id == entry.Id && e.Owner != entry.Owner) is { } other)
            {
                section.Report("owner", $"entry '{other.Name}' gives the same agent to '{other.Owner}'; an agent has one owner");
            }

            entries.Add(entry);
        }

        root.RefuseUnknown();
        return (entries.ToImmutable(), root.Problems);
    }

    private WorkloadEntry? ReadEntry(YamlSection section)
    {
        var before = section.Problems.Count;
        var name = section.Text("name", "");
        if (name.Length is 0 or > LongestName || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            section.Report("name", "1 to 64 lower-case letters, digits and '-' are wanted");
        }

        var owner = section.Text("owner", "");
        if (owner.Length is 0 or > LongestOwner || owner.Any(char.IsControl))
        {
            section.Report("owner", "who answers for the agent is wanted: 1 to 128 printable characters");
        }

        var label = section.Text("profile", "workload");
        var profile = profiles.FindByLabel(label);
        if (profile is not { Authentication.Workload: true })
        {
            section.Report("profile", $"no profile with the label '{label}' is for workloads (authentication: workload: true)");
        }

        var id = ReadId(section, profile);
        var entry = new WorkloadEntry
        {
            Name = name,
            Id = id?.ToString() ?? "",
            Selectors = ReadSelectors(section),
            Profile = label,
            Owner = owner,
            Lifetime = section.Text("ttl", "").Length == 0 ? null : section.Duration("ttl", ShortestLife, ShortestLife, profile?.Validity ?? TimeSpan.FromDays(1)),
            DnsNames = ReadDnsNames(section, profile),
            Federates = ReadTrustDomains(section),
            Hint = section.Text("hint", ""),
        };
        return section.Problems.Count == before ? entry : null;
    }

    private SpiffeId? ReadId(YamlSection section, CertificateProfile? profile)
    {
        var text = section.Text("id", "");
        if (!SpiffeId.TryParse(text.StartsWith('/') ? $"spiffe://{trustDomain}{text}" : text, out var id, out var error))
        {
            section.Report("id", $"'{text}' is neither a SPIFFE ID nor the path of one: it {error}");
        }
        else if (id.TrustDomain != trustDomain || id.Path.Length == 0)
        {
            section.Report("id", $"'{text}' must be an ID with a path in this appliance's trust domain, spiffe://{trustDomain}/…");
        }
        else if (profile?.AgentPath is { } rule && !rule.Patterns.Any(p => PathPattern.Matches(p, id.Path)))
        {
            section.Report("id", $"profile '{profile.Name}' allows {string.Join(", ", rule.Patterns)}, not {id.Path}");
        }

        return id;
    }

    private ImmutableArray<WorkloadSelector> ReadSelectors(YamlSection section)
    {
        var selectors = ImmutableArray.CreateBuilder<WorkloadSelector>();
        foreach (var text in section.List("selectors"))
        {
            if (!WorkloadSelector.TryParse(text, out var selector))
            {
                section.Report("selectors", $"'{text}' must be TYPE:NAME:VALUE, for example unix:uid:1000");
            }
            else if (attestors.WhyUnknown(selector) is { } unknown)
            {
                section.Report("selectors", unknown);
            }
            else
            {
                selectors.Add(selector);
            }
        }

        if (!attestors.Bind(selectors))
        {
            section.Report("selectors", "at least one must say who runs the process (unix:uid, systemd:unit, k8s:pod-uid, …): anybody can start a program of a path, and make it do what he wants");
        }

        return selectors.ToImmutable();
    }

    private static ImmutableArray<string> ReadDnsNames(YamlSection section, CertificateProfile? profile)
    {
        var names = section.List("dns");
        foreach (var dns in names)
        {
            if (DnsNames.Check(dns) is { } wrong)
            {
                section.Report("dns", $"'{dns}' is not a DNS name: it {wrong}");
            }
            else if (profile is not null && !profile.Names.DnsPatterns.Any(p => PathPattern.Matches(p, dns.ToLowerInvariant(), '.')))
            {
                section.Report("dns", $"profile '{profile.Name}' does not allow {dns}");
            }
        }

        return [.. names];
    }

    private ImmutableArray<string> ReadTrustDomains(YamlSection section)
    {
        var domains = section.List("federates");
        foreach (var domain in domains.Where(d => d == trustDomain || !SpiffeId.TryParse($"spiffe://{d}", out var id) || id.TrustDomain != d))
        {
            section.Report("federates", $"'{domain}' is not the name of a foreign trust domain");
        }

        return [.. domains];
    }
}
