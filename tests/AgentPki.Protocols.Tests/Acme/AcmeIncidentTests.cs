using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.Tests.Acme;

/// <summary>RFC 9773 §4.2: windows that something pulls forward.</summary>
public sealed class AcmeIncidentTests
{
    private const string Page = "https://status.test/1";

    [Fact]
    public async Task Incident_OfTheProfile_PullsForwardWhatWasIssuedBefore_OverTheIntervalInWhichClientsAsk()
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var old = Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData);
        server.Authority.Time.Advance(TimeSpan.FromSeconds(1));
        client.ForgetNonce();
        var begun = server.Authority.Time.GetUtcNow();
        var incident = await OpenAsync(server, new NewAcmeIncident(null, "agent", "weak entropy", Page, TimeSpan.FromHours(3)));
        var young = Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData);

        var info = await InfoAsync(server, old);
        Assert.Equal((begun, begun.AddSeconds(info.RetryAfter), Page), (info.Start, info.End, info.Url));
        Assert.True((await InfoAsync(server, young)).Start > begun);
        Assert.Null((await InfoAsync(server, young)).Url);

        // It stands over a restart, does not move on, and ends.
        await server.Authority.RestartAsync();
        server.Authority.Time.Advance(TimeSpan.FromHours(1));
        var later = await server.Authority.Services.Acme.Renewals.FindAsync(AcmeRenewals.IdOf(old), TestContext.Current.CancellationToken);
        Assert.Equal((begun, Page), (later!.Start, later.ExplanationUrl));
        server.Authority.Time.Advance(TimeSpan.FromHours(2));
        Assert.Null((await server.Authority.Services.Acme.Renewals.FindAsync(AcmeRenewals.IdOf(old), TestContext.Current.CancellationToken))!.ExplanationUrl);
        Assert.Equal(PkiProblemKind.NotFound, Assert.IsType<Outcome<AcmeIncident>.Refused>(await server.Authority.Services.Acme.Incidents.EndAsync(incident.Id, "admin:test", "c", TestContext.Current.CancellationToken)).Problem.Kind);
    }

    [Theory]
    [InlineData("issuing", null, true)]
    [InlineData("root", null, false)]
    [InlineData(null, "ml-dsa-65", false)]
    [InlineData("issuing", "agent", true)]
    [InlineData(null, null, true)]
    public async Task Incident_ConcernsWhatItsSelectorSays_UntilItIsEnded(string? authority, string? profile, bool concerned)
    {
        await using var server = await AcmeServer.StartAsync();
        var client = await server.RegisteredAsync();
        var certificate = Certificate.Parse((await client.ObtainAsync(null, null, ("dns", "a.test"))).Certificate.RawData);
        server.Authority.Time.Advance(TimeSpan.FromSeconds(1));
        var before = (await server.Authority.Store.HeadAsync(TestContext.Current.CancellationToken)).Size;
        var name = profile == "ml-dsa-65" ? server.Authority.Services.Profiles.FindByLabel(profile)!.Name : profile;
        var incident = await OpenAsync(server, new NewAcmeIncident(authority, name, "drill", Page, TimeSpan.FromDays(1)));

        Assert.Equal(concerned ? Page : null, (await InfoAsync(server, certificate)).Url);
        Assert.IsType<Outcome<AcmeIncident>.Done>(await server.Acme.Incidents.EndAsync(incident.Id, "admin:test", "c", TestContext.Current.CancellationToken));
        Assert.Null((await InfoAsync(server, certificate)).Url);
        var entries = (await server.EntriesAsync(before)).Where(e => e.Kind == LedgerEntryKind.AcmeIncidentChanged).Select(e => e.Details!).ToList();
        Assert.Equal(["opened", "ended"], entries.Select(e => e.Facts["decision"]));
        Assert.All(entries, e => Assert.Equal(("admin:test", "drill", incident.Id), (e.Actor, e.Facts["reason"], e.Facts["incident"])));
    }

    [Theory]
    [InlineData("nothing", null, "why", null, 24, "no CA")]
    [InlineData(null, "nothing", "why", null, 24, "no profile")]
    [InlineData(null, null, "", null, 24, "reason")]
    [InlineData(null, null, "why", "javascript:alert(1)", 24, "URL")]
    [InlineData(null, null, "why", null, 24 * 400, "a minute to a year")]
    public async Task Open_WhatCannotBe_IsRefused(string? authority, string? profile, string reason, string? url, int hours, string because)
    {
        await using var server = await AcmeServer.StartAsync();
        var outcome = await server.Acme.Incidents.OpenAsync(new NewAcmeIncident(authority, profile, reason, url, TimeSpan.FromHours(hours)), "admin:test", "c", TestContext.Current.CancellationToken);
        Assert.Contains(because, Assert.IsType<Outcome<AcmeIncident>.Refused>(outcome).Problem.Detail, StringComparison.Ordinal);
        Assert.Empty(await server.Acme.Incidents.ListAsync(TestContext.Current.CancellationToken));
    }

    internal static async Task<(DateTimeOffset Start, DateTimeOffset End, int RetryAfter, string? Url)> InfoAsync(AcmeServer server, Certificate certificate)
    {
        using var client = server.Plain();
        using var answer = await client.GetAsync(new Uri(server.Https, "/acme/renewal-info/" + AcmeRenewals.IdOf(certificate)), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        return (Time("start"), Time("end"), (int)answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, json["explanationURL"]?.ToString());

        DateTimeOffset Time(string name) => DateTimeOffset.Parse(json["suggestedWindow"]![name]!.ToString(), CultureInfo.InvariantCulture);
    }

    private static async Task<AcmeIncident> OpenAsync(AcmeServer server, NewAcmeIncident incident) =>
        Assert.IsType<Outcome<AcmeIncident>.Done>(await server.Acme.Incidents.OpenAsync(incident, "admin:test", "c", TestContext.Current.CancellationToken)).Value;
}
