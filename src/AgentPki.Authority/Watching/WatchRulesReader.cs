using System.Collections.Immutable;
using System.Text;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Watching.Webhook;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Watching;

/// <summary>Reads <c>watch.yaml</c>. All errors at once, each with line and field; rules exist only in valid form.</summary>
public static class WatchRulesReader
{
    /// <summary>The file's name, as messages have it.</summary>
    public const string File = "watch.yaml";

    private const int MaximumLength = 64 * 1024;

    /// <summary>Null, with at least one error, when these are no rules.</summary>
    public static WatchRules? Read(ReadOnlySpan<byte> text, out IReadOnlyList<ProfileError> errors)
    {
        var found = new List<ProfileError>();
        errors = found;
        if (text.Length > MaximumLength || !TryDecode(text, out var yaml))
        {
            found.Add(new ProfileError(File, 1, "document", "UTF-8 of at most 64 KiB is wanted"));
            return null;
        }

        if (ProfileNode.Parse(File, new StringReader(yaml), found) is not { } node)
        {
            return null;
        }

        var defaults = BehaviourSettings.Default;
        var detectors = node.Section("detectors");
        var responses = node.Section("responses");
        var rules = new WatchRules
        {
            Settings = new BehaviourSettings
            {
                Rules = [.. Detectors.All.Select(detector => ReadDetector(detectors.Section(detector.Word()), defaults.Of(detector)))],
                LearningDays = (ushort)node.Number("learningDays", defaults.LearningDays, 1, 90),
                MaximumAgents = node.Number("maximumAgents", defaults.MaximumAgents, 100, 1_000_000),
            },
            Responses = RiskTiers.All.SelectMany(tier => ReadResponses(responses.Section(tier.Word()), tier)).ToImmutableDictionary(),
            ResponsesAnHour = node.Number("responsesAnHour", WatchRules.BuiltIn.ResponsesAnHour, 0, 10_000),
            Webhook = WatchWebhook.Read(node.Section("webhook")),
            Narrowing = node.Has("narrow") ? ReadNarrowing(node.Section("narrow")) : null,
            Digest = ApprovedFiles.DigestOf(text),
        };
        if (rules.Narrowing is null && rules.Responses.FirstOrDefault(r => r.Value == BehaviourResponse.Narrow) is { Value: BehaviourResponse.Narrow, Key: var (tier, detector) })
        {
            node.Fail("narrow", $"responses.{tier.Word()}.{detector.Word()} narrows, and it is not said to what: for example narrow: {{scopes: [read:*], for: 1h}}");
        }

        detectors.RejectUnknown();
        responses.RejectUnknown();
        node.RejectUnknown();
        return found.Count == 0 ? rules : null;
    }

    private static DetectorRule ReadDetector(ProfileNode node, DetectorRule otherwise)
    {
        var rule = otherwise with
        {
            Window = node.Duration("window", TimeSpan.FromSeconds(12), TimeSpan.FromDays(7)) ?? otherwise.Window,
            AtLeast = (uint)node.Number("atLeast", (int)otherwise.AtLeast, 1, 10_000_000),
            Factor = node.Number("factor", (int)otherwise.Factor, 1, 1000),
            Bound = (uint?)node.Number("bound", (int?)otherwise.Bound ?? 0, 0, 10_000_000) is { } bound and > 0 ? bound : null,
            Share = node.Number("percent", (int)(otherwise.Share * 100), 0, 100) / 100f,
        };
        node.RejectUnknown();
        return rule;
    }

    private static WatchNarrowing ReadNarrowing(ProfileNode node)
    {
        var scopes = ScopeSet.Nothing;
        try
        {
            scopes = ScopeSet.Of(node.Texts("scopes"));
        }
        catch (FormatException failure)
        {
            node.Fail("scopes", failure.Message.TrimEnd('.'));
        }

        if (!node.Has("scopes"))
        {
            node.Fail("scopes", "is missing; [] lets it do nothing");
        }

        var lasts = node.Duration("for", TimeSpan.FromMinutes(1), TimeSpan.FromDays(30));
        if (!node.Has("for"))
        {
            node.Fail("for", "is missing: it ends by itself, for example after 1h");
        }

        node.RejectUnknown();
        return new WatchNarrowing(scopes, lasts ?? TimeSpan.FromHours(1));
    }

    private static ImmutableArray<KeyValuePair<(RiskTier Tier, Detector Detector), BehaviourResponse>> ReadResponses(ProfileNode node, RiskTier tier)
    {
        ReadOnlySpan<(string Word, BehaviourResponse Value)> words = [.. BehaviourResponses.All.Select(response => (response.Word(), response))];
        var found = ImmutableArray.CreateBuilder<KeyValuePair<(RiskTier Tier, Detector Detector), BehaviourResponse>>();
        foreach (var detector in Detectors.All)
        {
            found.Add(KeyValuePair.Create((tier, detector), node.Choice(detector.Word(), BehaviourResponse.Alert, words)));
        }

        node.RejectUnknown();
        return found.ToImmutable();
    }

    private static bool TryDecode(ReadOnlySpan<byte> octets, out string text)
    {
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(octets);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }
}
